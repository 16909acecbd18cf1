package sns

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"ptpu/topic"
)

// What is wrong with the settings. Waiting does not mend these, unlike
// topic.ErrUnavailable.
var (
	// ErrNoTopic: there is no topic with this ARN.
	ErrNoTopic = errors.New("no such topic")
	// ErrRefused: AWS does not know these credentials, or does not allow them
	// this call.
	ErrRefused = errors.New("refused by AWS")
)

// meanings are the seam's names for what SNS answers.
var meanings = map[string]error{
	"NotFound":                  ErrNoTopic,
	"NotFoundException":         ErrNoTopic,
	"ResourceNotFound":          ErrNoTopic,
	"ResourceNotFoundException": ErrNoTopic,

	"AccessDenied":                ErrRefused,
	"AccessDeniedException":       ErrRefused,
	"AuthorizationError":          ErrRefused,
	"AuthorizationErrorException": ErrRefused,
	"ExpiredToken":                ErrRefused,
	"ExpiredTokenException":       ErrRefused,
	"IncompleteSignature":         ErrRefused,
	"InvalidAccessKeyId":          ErrRefused,
	"InvalidClientTokenId":        ErrRefused,
	"InvalidIdentityToken":        ErrRefused,
	"InvalidSecurity":             ErrRefused,
	"KMSAccessDenied":             ErrRefused,
	"MissingAuthenticationToken":  ErrRefused,
	"NotAuthorized":               ErrRefused,
	"OptInRequired":               ErrRefused,
	"SignatureDoesNotMatch":       ErrRefused,
	"UnrecognizedClientException": ErrRefused,

	"InvalidParameter":      topic.ErrInvalid,
	"InvalidParameterValue": topic.ErrInvalid,
	"ParameterValueInvalid": topic.ErrInvalid,
	"ValidationError":       topic.ErrInvalid,
	"ValidationException":   topic.ErrInvalid,

	"KMSThrottling": topic.ErrUnavailable,
	"Throttled":     topic.ErrUnavailable,
}

// failed names the step, and gives SNS's failures the seam's names.
func (t *Topic) failed(step string, err error) error {
	return fmt.Errorf("%s on topic %s: %w", step, t.arn, named(err))
}

// named adds what a failure means to it, when that is known.
func named(err error) error {
	meaning := meaningOf(err)
	if meaning == nil || errors.Is(err, meaning) {
		return err
	}
	return fmt.Errorf("%w: %w", meaning, err)
}

// meaningOf returns one of the errors above or of the seam; nil when the answer
// is none that is known.
func meaningOf(err error) error {
	var params smithy.InvalidParamsError
	var answer smithy.APIError
	switch {
	case errors.Is(err, topic.ErrInvalid), errors.As(err, &params):
		return topic.ErrInvalid
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return topic.ErrUnavailable
	case !errors.As(err, &answer):
		return topic.ErrUnavailable // no answer, or none that could be read
	case meanings[answer.ErrorCode()] != nil:
		return meanings[answer.ErrorCode()]
	case isPassing(err, answer):
		return topic.ErrUnavailable
	}
	return nil
}

// isPassing reports whether an answer is about SNS's own state, not about what
// it was asked.
func isPassing(err error, answer smithy.APIError) bool {
	if _, throttled := retry.DefaultThrottleErrorCodes[answer.ErrorCode()]; throttled {
		return true
	}
	var response *smithyhttp.ResponseError
	if errors.As(err, &response) {
		status := response.HTTPStatusCode()
		return status >= http.StatusInternalServerError ||
			status == http.StatusTooManyRequests || status == http.StatusRequestTimeout
	}
	return answer.ErrorFault() == smithy.FaultServer
}
