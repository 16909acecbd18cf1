package sqs

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"ptpu/queue"
)

// What is wrong with the settings. Waiting does not mend these, unlike
// queue.ErrUnavailable.
var (
	// ErrNoQueue: there is no queue of this name in this account and region.
	ErrNoQueue = errors.New("no such queue")
	// ErrRefused: AWS does not know these credentials, or does not allow them
	// this call.
	ErrRefused = errors.New("refused by AWS")
)

// meanings are the seam's names for what SQS answers. Some codes have an old
// spelling, which SQS sends along for clients that knew its query protocol.
var meanings = map[string]error{
	"QueueDoesNotExist":                       ErrNoQueue,
	"AWS.SimpleQueueService.NonExistentQueue": ErrNoQueue,

	"AccessDenied":                ErrRefused,
	"AccessDeniedException":       ErrRefused,
	"ExpiredToken":                ErrRefused,
	"ExpiredTokenException":       ErrRefused,
	"IncompleteSignature":         ErrRefused,
	"InvalidAccessKeyId":          ErrRefused,
	"InvalidClientTokenId":        ErrRefused,
	"InvalidIdentityToken":        ErrRefused,
	"InvalidSecurity":             ErrRefused,
	"KmsAccessDenied":             ErrRefused,
	"KMS.AccessDeniedException":   ErrRefused,
	"MissingAuthenticationToken":  ErrRefused,
	"NotAuthorized":               ErrRefused,
	"OptInRequired":               ErrRefused,
	"SignatureDoesNotMatch":       ErrRefused,
	"UnrecognizedClientException": ErrRefused,

	"MessageNotInflight":                            queue.ErrGone,
	"AWS.SimpleQueueService.MessageNotInflight":     queue.ErrGone,
	"ReceiptHandleIsInvalid":                        queue.ErrGone,
	"AWS.SimpleQueueService.ReceiptHandleIsInvalid": queue.ErrGone,

	"InvalidAttributeValue":       queue.ErrInvalid,
	"InvalidMessageContents":      queue.ErrInvalid,
	"InvalidParameterCombination": queue.ErrInvalid,
	"InvalidParameterValue":       queue.ErrInvalid,
	"MissingParameter":            queue.ErrInvalid,

	"KmsThrottled":            queue.ErrUnavailable,
	"KMS.ThrottlingException": queue.ErrUnavailable,
	"OverLimit":               queue.ErrUnavailable, // 120,000 in flight; passes as they are dealt with
	"QueueDeletedRecently":    queue.ErrUnavailable, // its name is free again after a minute
	"AWS.SimpleQueueService.QueueDeletedRecently": queue.ErrUnavailable,
}

// failed names the step, and gives SQS's failures the seam's names.
func (q *Queue) failed(step string, err error) error {
	return fmt.Errorf("%s on queue %s: %w", step, q.name, named(err))
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
	case errors.Is(err, queue.ErrGone):
		return queue.ErrGone
	case errors.Is(err, queue.ErrInvalid), errors.As(err, &params):
		return queue.ErrInvalid
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return queue.ErrUnavailable
	case !errors.As(err, &answer):
		return queue.ErrUnavailable // no answer, or none that could be read
	case meanings[answer.ErrorCode()] != nil:
		return meanings[answer.ErrorCode()]
	case isPassing(err, answer):
		return queue.ErrUnavailable
	}
	return nil
}

// isPassing reports whether an answer is about SQS's own state, not about what
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
