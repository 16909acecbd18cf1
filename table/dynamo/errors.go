package dynamo

import (
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"

	"ptpu/table"
)

// These wrap table.ErrUnavailable: whoever only writes rows tries again, while
// a check at start tells them apart.
var (
	// ErrDenied: AWS forbids the call, or does not know the caller. A person
	// must look.
	ErrDenied = fmt.Errorf("%w: access denied", table.ErrUnavailable)
	// ErrNoTable: there is no such table or index in this account and region.
	ErrNoTable = fmt.Errorf("%w: no such table", table.ErrUnavailable)
)

// verdicts are what DynamoDB's error codes, and the codes of a cancelled
// transaction's reasons, mean to the caller. Whatever is not here may pass:
// throttling, transactions that met, expired credentials, failures of AWS and
// of the network.
var verdicts = map[string]error{
	"ValidationError":                          table.ErrInvalid,
	"ValidationException":                      table.ErrInvalid, // an item over 400 KB, among others
	"SerializationException":                   table.ErrInvalid,
	"RequestEntityTooLarge":                    table.ErrInvalid,
	"ItemCollectionSizeLimitExceeded":          table.ErrInvalid,
	"ItemCollectionSizeLimitExceededException": table.ErrInvalid,
	"IdempotentParameterMismatchException":     table.ErrInvalid,

	"AccessDeniedException":               ErrDenied,
	"UnrecognizedClientException":         ErrDenied,
	"InvalidClientTokenId":                ErrDenied,
	"InvalidSignatureException":           ErrDenied,
	"IncompleteSignatureException":        ErrDenied,
	"MissingAuthenticationToken":          ErrDenied,
	"MissingAuthenticationTokenException": ErrDenied,
	"NotAuthorized":                       ErrDenied,
	"OptInRequired":                       ErrDenied,

	"ResourceNotFoundException": ErrNoTable,
	"TableNotFoundException":    ErrNoTable,
}

// classified wraps the error in what it means. Errors of the seam stay as they
// are.
func classified(err error) error {
	for _, known := range []error{table.ErrNotFound, table.ErrConflict, table.ErrInvalid, table.ErrUnavailable} {
		if errors.Is(err, known) {
			return err
		}
	}
	return fmt.Errorf("%w: %w", verdictOn(err), err)
}

func verdictOn(err error) error {
	var cancelled *types.TransactionCanceledException
	if errors.As(err, &cancelled) {
		for _, reason := range cancelled.CancellationReasons {
			if verdict, ok := verdicts[aws.ToString(reason.Code)]; ok {
				return verdict
			}
		}
		return table.ErrUnavailable
	}
	var api smithy.APIError
	if errors.As(err, &api) {
		if verdict, ok := verdicts[api.ErrorCode()]; ok {
			return verdict
		}
	}
	return table.ErrUnavailable
}

// conditionFailed is the code of a cancelled transaction's reason.
const conditionFailed = "ConditionalCheckFailed"

// unmetConditions finds the actions whose condition did not hold, by their
// number, each with the stored item if that was asked for.
func unmetConditions(err error) map[int]row {
	var single *types.ConditionalCheckFailedException
	if errors.As(err, &single) {
		return map[int]row{0: single.Item}
	}
	var cancelled *types.TransactionCanceledException
	if !errors.As(err, &cancelled) {
		return nil
	}
	unmet := map[int]row{}
	for i, reason := range cancelled.CancellationReasons {
		if aws.ToString(reason.Code) == conditionFailed {
			unmet[i] = reason.Item
		}
	}
	return unmet
}
