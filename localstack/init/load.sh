#!/bin/sh
# Run by LocalStack once it listens. It loads each service at its first call; the
# health check waits for the end of this script, so that nobody meets a service
# that is still being loaded. What ptpu needs there is made by `ptpu setup`.
set -eu
awslocal sqs list-queues
awslocal sns list-topics
awslocal dynamodb list-tables
