package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// policy is an IAM policy document.
type policy struct {
	Version   string
	Statement []statement
}

// statement allows actions on resources.
type statement struct {
	Sid      string
	Effect   string
	Action   []string
	Resource []string
}

// printPolicies prints the least that the worker and setup must be allowed.
func printPolicies(out io.Writer, s settings) error {
	worker, setup := policies(s)
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(map[string]policy{"worker": worker, "setup": setup})
}

// policies are the least that the worker and setup must be allowed. Region and
// account are those of the domain topic's ARN.
func policies(s settings) (worker, setup policy) {
	parts := strings.Split(s.DomainTopic, ":") // readSettings has seen to its form
	partition, region, account := parts[1], parts[3], parts[4]
	arn := func(service, name string) string {
		return fmt.Sprintf("arn:%s:%s:%s:%s:%s", partition, service, region, account, name)
	}
	queues := []string{arn("sqs", s.EventQueue), arn("sqs", s.DeadQueue)}
	messages, locks := arn("dynamodb", "table/"+s.MessageTable), arn("dynamodb", "table/"+s.ScheduleTable)
	topics := []string{s.DomainTopic}

	worker = allow(
		statement{Sid: "Queues", Resource: queues, Action: []string{
			"sqs:GetQueueUrl", "sqs:GetQueueAttributes", "sqs:ReceiveMessage", "sqs:ChangeMessageVisibility",
			"sqs:DeleteMessage", "sqs:SendMessage", "sqs:PurgeQueue",
		}},
		statement{Sid: "Topic", Resource: topics, Action: []string{"sns:GetTopicAttributes", "sns:Publish"}},
		statement{Sid: "Tables", Resource: []string{messages, messages + "/index/*", locks}, Action: []string{
			"dynamodb:DescribeTable", "dynamodb:DescribeTimeToLive", "dynamodb:GetItem", "dynamodb:Query",
			"dynamodb:PutItem", "dynamodb:DeleteItem",
		}},
	)
	setup = allow(
		statement{Sid: "Queues", Resource: queues, Action: []string{
			"sqs:CreateQueue", "sqs:GetQueueUrl", "sqs:GetQueueAttributes", "sqs:SetQueueAttributes",
		}},
		statement{Sid: "Topics", Resource: []string{arn("sns", "*")}, Action: []string{
			"sns:CreateTopic", "sns:GetTopicAttributes", "sns:Subscribe", "sns:ListSubscriptionsByTopic",
			"sns:GetSubscriptionAttributes",
		}},
		statement{Sid: "Tables", Resource: []string{messages, locks}, Action: []string{
			"dynamodb:CreateTable", "dynamodb:UpdateTable", "dynamodb:DescribeTable",
			"dynamodb:UpdateTimeToLive", "dynamodb:DescribeTimeToLive",
		}},
	)
	return worker, setup
}

func allow(statements ...statement) policy {
	for i := range statements {
		statements[i].Effect = "Allow"
	}
	return policy{Version: "2012-10-17", Statement: statements}
}
