package dynamo

import (
	"context"
	"crypto/rand"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"ptpu/table"
)

// expression is a condition in DynamoDB's language; the zero one asks nothing.
// Every name is given apart from the text, so that none is a reserved word.
type expression struct {
	text   *string
	names  map[string]string
	values row
}

// expressionOf is the condition at now. What has expired and is still stored
// counts as absent.
func expressionOf(c table.Condition, now time.Time) expression {
	e := expression{
		names:  map[string]string{"#ver": versionAttribute, "#ttl": ttlAttribute},
		values: row{":now": number(now.Unix())},
	}
	version, versioned := c.Version()
	switch {
	case c.Absent():
		e.text = aws.String("attribute_not_exists(#ver) OR #ttl <= :now")
	case versioned:
		e.text = aws.String("#ver = :ver AND (attribute_not_exists(#ttl) OR #ttl > :now)")
		e.values[":ver"] = number(version)
	default:
		return expression{}
	}
	return e
}

// returned asks for the stored item where an assumption may turn out wrong.
func (c change) returned() types.ReturnValuesOnConditionCheckFailure {
	if c.assumed {
		return types.ReturnValuesOnConditionCheckFailureAllOld
	}
	return types.ReturnValuesOnConditionCheckFailureNone
}

func (t *Table) put(ctx context.Context, c change, now time.Time) error {
	condition := expressionOf(c.If, now)
	_, err := t.client.PutItem(ctx, &dynamodb.PutItemInput{
		TableName:                           &t.spec.Name,
		Item:                                t.spec.rowOf(c.Item, c.version()),
		ConditionExpression:                 condition.text,
		ExpressionAttributeNames:            condition.names,
		ExpressionAttributeValues:           condition.values,
		ReturnValuesOnConditionCheckFailure: c.returned(),
	})
	return err
}

func (t *Table) delete(ctx context.Context, c change, now time.Time) error {
	condition := expressionOf(c.If, now)
	_, err := t.client.DeleteItem(ctx, &dynamodb.DeleteItemInput{
		TableName:                 &t.spec.Name,
		Key:                       t.spec.keyOf(c.Item.Key),
		ConditionExpression:       condition.text,
		ExpressionAttributeNames:  condition.names,
		ExpressionAttributeValues: condition.values,
	})
	return err
}

// transact sends all changes as one transaction. Its token is the same in each
// repeat by the SDK, so that a repeat after a lost answer is told of the first
// one's success. It is another in each call: the token of a write that failed
// would bring back its failure, and one made from the content would hide that
// a condition no longer holds.
func (t *Table) transact(ctx context.Context, changes []change, now time.Time) error {
	items := make([]types.TransactWriteItem, len(changes))
	for i, c := range changes {
		condition := expressionOf(c.If, now)
		if c.Delete {
			items[i].Delete = &types.Delete{
				TableName:                 &t.spec.Name,
				Key:                       t.spec.keyOf(c.Item.Key),
				ConditionExpression:       condition.text,
				ExpressionAttributeNames:  condition.names,
				ExpressionAttributeValues: condition.values,
			}
			continue
		}
		items[i].Put = &types.Put{
			TableName:                           &t.spec.Name,
			Item:                                t.spec.rowOf(c.Item, c.version()),
			ConditionExpression:                 condition.text,
			ExpressionAttributeNames:            condition.names,
			ExpressionAttributeValues:           condition.values,
			ReturnValuesOnConditionCheckFailure: c.returned(),
		}
	}
	_, err := t.client.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{
		TransactItems:      items,
		ClientRequestToken: aws.String(rand.Text()),
	})
	return err
}
