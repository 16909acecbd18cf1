package enginetest

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

// Config is what an SDK client of an engine is made with: invented credentials,
// and nothing of the environment.
func Config(endpoint string) aws.Config {
	return aws.Config{
		Region:       "eu-west-2",
		BaseEndpoint: aws.String(endpoint),
		Credentials:  credentials.NewStaticCredentialsProvider("test", "test", ""),
	}
}
