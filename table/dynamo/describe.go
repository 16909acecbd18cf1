package dynamo

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"ptpu/table"
)

// Describer is what Check and Describe call of the SDK's DynamoDB client.
type Describer interface {
	DescribeTable(context.Context, *dynamodb.DescribeTableInput, ...func(*dynamodb.Options)) (*dynamodb.DescribeTableOutput, error)
	DescribeTimeToLive(context.Context, *dynamodb.DescribeTimeToLiveInput, ...func(*dynamodb.Options)) (*dynamodb.DescribeTimeToLiveOutput, error)
}

// ErrDifferent: there is a table of that name, and it is not the one that the
// Spec describes. The error says in words what differs.
var ErrDifferent = errors.New("table differs from what is wanted")

// Description is what DynamoDB says of a table.
type Description struct {
	// Status is DynamoDB's word, such as ACTIVE.
	Status string
	// Rows is about how many items there are: DynamoDB counts anew every six
	// hours or so.
	Rows int64
}

// Describe asks for a table. The error wraps table.ErrUnavailable, and ErrNoTable
// or ErrDenied where that is why.
func Describe(ctx context.Context, client Describer, name string) (Description, error) {
	found, err := described(ctx, client, name)
	if err != nil {
		return Description{}, fmt.Errorf("describing table %s: %w", name, err)
	}
	return Description{Status: string(found.TableStatus), Rows: aws.ToInt64(found.ItemCount)}, nil
}

// Check finds out whether the table can be used as the Spec says: its key, its
// indexes and, unless NoExpiry, its time-to-live. The error wraps ErrDifferent
// with every difference named, table.ErrInvalid for a faulty Spec, or
// table.ErrUnavailable (with ErrNoTable or ErrDenied) when it could not be found
// out, or when the table is still being made.
func Check(ctx context.Context, client Describer, spec Spec) error {
	err := spec.validate()
	if err == nil {
		err = check(ctx, client, spec)
	}
	if err != nil {
		return fmt.Errorf("checking table %s: %w", spec.Name, err)
	}
	return nil
}

func check(ctx context.Context, client Describer, spec Spec) error {
	found, err := described(ctx, client, spec.Name)
	if err != nil {
		return err
	}
	differences := spec.differences(found)
	for _, index := range spec.missing(found) {
		differences = append(differences, "there is no index "+index.Name)
	}
	if !spec.NoExpiry {
		attribute, err := timeToLive(ctx, client, spec.Name)
		switch {
		case err != nil:
			return err
		case attribute == "":
			differences = append(differences, "its time-to-live is off, want it on "+ttlAttribute)
		case attribute != ttlAttribute:
			differences = append(differences, foreignTTL(attribute))
		}
	}
	if len(differences) > 0 {
		return different(differences)
	}
	if unready := unready(found); unready != "" {
		return fmt.Errorf("%w: %s", table.ErrUnavailable, unready)
	}
	return nil
}

func different(differences []string) error {
	return fmt.Errorf("%w: %s", ErrDifferent, strings.Join(differences, "; "))
}

func foreignTTL(attribute string) string {
	return fmt.Sprintf("its time-to-live is on %s, want it on %s", attribute, ttlAttribute)
}

func described(ctx context.Context, client Describer, name string) (*types.TableDescription, error) {
	out, err := client.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &name})
	if err != nil {
		return nil, classified(err)
	}
	return out.Table, nil
}

// timeToLive is the attribute by which DynamoDB removes items; none = it is off.
func timeToLive(ctx context.Context, client Describer, name string) (string, error) {
	out, err := client.DescribeTimeToLive(ctx, &dynamodb.DescribeTimeToLiveInput{TableName: &name})
	if err != nil {
		return "", classified(err)
	}
	ttl := out.TimeToLiveDescription
	if ttl == nil {
		return "", nil
	}
	switch ttl.TimeToLiveStatus {
	case types.TimeToLiveStatusEnabled, types.TimeToLiveStatusEnabling:
		return aws.ToString(ttl.AttributeName), nil
	default:
		return "", nil
	}
}

// unready says what cannot be used yet, or nothing. A table that is being
// updated can.
func unready(found *types.TableDescription) string {
	switch found.TableStatus {
	case types.TableStatusActive, types.TableStatusUpdating:
	default:
		return "the table is " + string(found.TableStatus)
	}
	for _, index := range found.GlobalSecondaryIndexes {
		switch index.IndexStatus {
		case types.IndexStatusActive, types.IndexStatusUpdating:
		default:
			return fmt.Sprintf("index %s is %s", aws.ToString(index.IndexName), index.IndexStatus)
		}
	}
	return ""
}
