package main

import (
	"maps"
	"path"
	"slices"
	"strings"
)

// unused are variables that the predecessor read and ptpu does not, as patterns
// with the reason. They do no harm, so they only warn: who still sets one may
// believe that it changes something.
var unused = []struct{ pattern, why string }{
	{"SPRING_*", "there is no Spring"},
	{"MANAGEMENT_*", "there is no Spring"},
	{"SERVER_SERVLET_*", "there is no Spring"},
	{"SERVER_TOMCAT_*", "there is no Tomcat"},
	{"LOGGING_*", "use `PTPU_LOG_LEVEL` and `PTPU_LOG_FORMAT`"},
	{"JAVA_OPTS", "there is no Java virtual machine"},
	{"JAVA_TOOL_OPTIONS", "there is no Java virtual machine"},
	{"JDK_JAVA_OPTIONS", "there is no Java virtual machine"},
	{"APPLICATIONINSIGHTS_CONFIGURATION_FILE", "there is no Java agent to configure"},
	{"OAUTH_TOKEN_URL", "it is `/oauth/token` below `OAUTH_ENDPOINT_URL`"},
	{"PRISONTOPROBATION_CLIENT_*", "use `OAUTH_CLIENT_ID` and `OAUTH_CLIENT_SECRET`"},
	{"HMPPS_SQS_PROVIDER", "use `PTPU_BACKEND`"},
	{"HMPPS_SQS_REGION", "AWS's own variables say it"},
	{"HMPPS_SQS_LOCALSTACK_URL", "AWS's own variables say it"},
	{"HMPPS_SQS_LOCALSTACKURL", "AWS's own variables say it"},
	{"HMPPS_SQS_USE_WEB_TOKEN", "AWS's own variables say it"},
	{"HMPPS_SQS_*_ACCESS_KEY_ID", "AWS's own variables say it"},
	{"HMPPS_SQS_*_SECRET_ACCESS_KEY", "AWS's own variables say it"},
	{"DYNAMODB_PROVIDER", "use `PTPU_BACKEND`"},
	{"DYNAMODB_REGION", "AWS's own variables say it"},
	{"DYNAMODB_*AWS_ACCESS_KEY_ID", "AWS's own variables say it"},
	{"DYNAMODB_*AWS_SECRET_ACCESS_KEY", "AWS's own variables say it"},
	{"DYNAMODB_MESSAGE_EXPIRYHOURS", "a rule says how long a message is tried and kept"},
}

// unusedIn lists the variables of the environment that only the predecessor
// read, without their values, which may be secrets.
func unusedIn(environ map[string]string) []string {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(environ)) {
		matches := func(u struct{ pattern, why string }) bool {
			ok, err := path.Match(u.pattern, name)
			return ok && err == nil
		}
		if strings.TrimSpace(environ[name]) != "" && slices.ContainsFunc(unused, matches) {
			names = append(names, name)
		}
	}
	return names
}
