package health

import (
	"context"
	"strconv"
)

// Table asks what state a table is in, by the describe function: how many rows
// it has, about, and DynamoDB's word for its state. It is UP while the table can
// be used, which it can be while it is updated too.
func Table(name string, describe func(context.Context) (rows int64, status string, err error)) Check {
	return func(ctx context.Context) Component {
		rows, status, err := describe(ctx)
		if err != nil {
			return Component{Status: Down, Details: map[string]any{"tableName": name, "error": reason(err)}}
		}
		c := Component{Status: Down, Details: map[string]any{"tableName": name, "rows": rows, "tableStatus": status}}
		if status == "ACTIVE" || status == "UPDATING" {
			c.Status = Up
		}
		return c
	}
}

// Depth counts the notices that wait on a queue, and those in somebody's hand.
type Depth func(context.Context) (waiting, inFlight int, err error)

// Queue asks a queue and its dead-letter queue how full they are. It is UP when
// both answer, however full. The counts are texts: those who read them expect
// that.
func Queue(name string, depth Depth, deadLetters string, deadLetterDepth Depth) Check {
	return func(ctx context.Context) Component {
		c := Component{Status: Up, Details: map[string]any{
			"queueName": name, "dlqName": deadLetters, "dlqStatus": Up,
		}}
		waiting, inFlight, err := depth(ctx)
		if err != nil {
			c.Status, c.Details["error"] = Down, reason(err)
		} else {
			c.Details["messagesOnQueue"], c.Details["messagesInFlight"] = strconv.Itoa(waiting), strconv.Itoa(inFlight)
		}
		dead, _, err := deadLetterDepth(ctx)
		if err != nil {
			c.Status, c.Details["dlqStatus"], c.Details["dlqError"] = Down, Down, reason(err)
		} else {
			c.Details["messagesOnDlq"] = strconv.Itoa(dead)
		}
		return c
	}
}

// Info is always UP and says which version answers.
func Info(version string) Check {
	return func(context.Context) Component {
		return Component{Status: Up, Details: map[string]any{"version": version}}
	}
}
