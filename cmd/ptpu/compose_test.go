package main

import (
	"encoding/json"
	"maps"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/google/go-cmp/cmp"
)

// There may be no Docker where these tests run. They hold docker-compose.yml and
// the Dockerfile to what ptpu takes, so that what is started there is not wrong.

const (
	composeFile     = "../../docker-compose.yml"
	dockerfile      = "../../Dockerfile"
	initFolder      = "../../localstack/init/"
	simulatorsPort  = "8090"
	simulatorsHost  = "http://127.0.0.1:" + simulatorsPort
	simulatorsShare = "service:simulators"
)

// composed are the services of docker-compose.yml by name.
func composed(t *testing.T) map[string]map[string]any {
	t.Helper()
	services := map[string]map[string]any{}
	for name, service := range readYAML(t, composeFile)["services"].(map[string]any) {
		services[name] = service.(map[string]any)
	}
	return services
}

// composedOfPTPU are the services that run ptpu's own image.
func composedOfPTPU(t *testing.T) map[string]map[string]any {
	t.Helper()
	services := composed(t)
	maps.DeleteFunc(services, func(_ string, service map[string]any) bool { return service["build"] == nil })
	if got, want := slices.Sorted(maps.Keys(services)), []string{"ptpu", "ptpu-second", "setup", "simulators"}; !slices.Equal(got, want) {
		t.Fatalf("services %v run ptpu, want %v", got, want)
	}
	return services
}

// environmentOf are the variables that a service is given.
func environmentOf(service map[string]any) map[string]string {
	environ := map[string]string{}
	given, _ := service["environment"].(map[string]any)
	for name, value := range given {
		environ[name] = value.(string)
	}
	return environ
}

func TestComposeSetsOnlyWhatIsRead(t *testing.T) {
	for service, definition := range composedOfPTPU(t) {
		for variable := range environmentOf(definition) {
			ours := slices.ContainsFunc(reflect.VisibleFields(reflect.TypeFor[settings]()), func(f reflect.StructField) bool {
				return f.Tag.Get("env") == variable
			})
			if !ours && !strings.HasPrefix(variable, "AWS_") {
				t.Errorf("service %s sets %s, which neither ptpu nor the AWS SDK reads", service, variable)
			}
		}
	}
}

func TestComposeSetsWhatIsNeeded(t *testing.T) {
	services := composedOfPTPU(t)
	for _, service := range []string{"ptpu", "ptpu-second"} {
		environ := environmentOf(services[service])
		s, err := readSettings(environ)
		if err != nil {
			t.Errorf("service %s: %v", service, err)
		}
		if s.Backend != "aws" {
			t.Errorf("service %s: PTPU_BACKEND is %q, want aws", service, environ["PTPU_BACKEND"])
		}
		if environ["PTPU_BACKEND"] == "" {
			t.Errorf("service %s: PTPU_BACKEND is not set: ptpu send would take the embedded one", service)
		}
	}
	if _, err := awsSettings(environmentOf(services["setup"])); err != nil {
		t.Errorf("service setup: %v", err)
	}
	for service, definition := range services {
		environ := environmentOf(definition)
		if service == "simulators" {
			continue
		}
		for _, variable := range []string{"AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"} {
			if environ[variable] == "" {
				t.Errorf("service %s does not set %s, without which it asks AWS itself", service, variable)
			}
		}
	}
}

// What a person sees there should be what make run shows.
func TestComposeIsTheWorldOfLocal(t *testing.T) {
	want := worldSettings(simulatorsHost)
	maps.Copy(want, localDefaults)
	want["PTPU_BACKEND"] = "aws"
	delete(want, "PTPU_LOG_LEVEL") // nothing narrates there
	got := environmentOf(composedOfPTPU(t)["ptpu"])
	maps.DeleteFunc(got, func(name, _ string) bool { _, shared := want[name]; return !shared })
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("settings of service ptpu (-ptpu local +docker-compose.yml):\n%s", diff)
	}
}

func TestComposeRunsTheRightCommands(t *testing.T) {
	services := composedOfPTPU(t)
	for service, want := range map[string]string{
		"ptpu": "serve", "ptpu-second": "serve", "setup": "setup", "simulators": "simulators",
	} {
		if got := commandOf(t, textsOf(services[service]["command"])); got != want {
			t.Errorf("service %s runs ptpu %s, want %s", service, got, want)
		}
	}
	_, c := parsed(t, textsOf(services["setup"]["command"]))
	if c.Setup.EventTopic == "" {
		t.Error("setup has no --event-topic: nothing that is published would arrive")
	}
	_, c = parsed(t, textsOf(services["simulators"]["command"]))
	if want := "0.0.0.0:" + simulatorsPort; c.Simulators.Addr != want {
		t.Errorf("the simulators listen on %s, want %s: the others look for them on that port, and Docker from outside", c.Simulators.Addr, want)
	}
	if volumes := textsOf(services["simulators"]["volumes"]); !slices.Contains(volumes, "simulators:"+c.Simulators.Data) {
		t.Errorf("the simulators keep their state in %q, want it on one of the volumes %v", c.Simulators.Data, volumes)
	}
}

// Upstreams must be https unless they are on the same machine. Services that
// share a network are; but then their ports are those of the one that owns it.
func TestComposePodsShareTheNetworkOfTheSimulators(t *testing.T) {
	services := composedOfPTPU(t)
	published := textsOf(services["simulators"]["ports"])
	var wanted []string
	for _, service := range []string{"ptpu", "ptpu-second"} {
		if got := services[service]["network_mode"]; got != simulatorsShare {
			t.Errorf("service %s: network_mode is %v, want %s", service, got, simulatorsShare)
		}
		if services[service]["ports"] != nil || services[service]["container_name"] != nil {
			t.Errorf("service %s has ports or a name of its own", service)
		}
		s, err := readSettings(environmentOf(services[service]))
		if err != nil {
			t.Fatal(err)
		}
		wanted = append(wanted, loopback(s.shown()["SERVER_PORT"]))
	}
	if wanted[0] == wanted[1] {
		t.Errorf("both pods listen on %s, and share a network", wanted[0])
	}
	for _, port := range append(wanted, loopback(simulatorsPort)) {
		if !slices.Contains(published, port) {
			t.Errorf("the simulators publish %v, want %s among them", published, port)
		}
	}
}

func loopback(port string) string { return "127.0.0.1:" + port + ":" + port }

// Whoever reaches the simulators or LocalStack may do there what they like.
func TestComposePublishesOnThisMachineOnly(t *testing.T) {
	for service, definition := range composed(t) {
		for _, port := range textsOf(definition["ports"]) {
			if !strings.HasPrefix(port, "127.0.0.1:") {
				t.Errorf("service %s publishes %s, want it on 127.0.0.1", service, port)
			}
		}
	}
}

func TestComposeStartsInOrder(t *testing.T) {
	services := composed(t)
	for _, c := range []struct{ service, on, condition string }{
		{"setup", "localstack", "service_healthy"},
		{"ptpu", "setup", "service_completed_successfully"},
		{"ptpu", "simulators", "service_started"},
		{"ptpu-second", "setup", "service_completed_successfully"},
		{"ptpu-second", "simulators", "service_started"},
	} {
		dependencies, _ := services[c.service]["depends_on"].(map[string]any)
		dependency, _ := dependencies[c.on].(map[string]any)
		if dependency["condition"] != c.condition {
			t.Errorf("service %s waits for %s: %v, want %s", c.service, c.on, dependency["condition"], c.condition)
		}
	}
	if services["localstack"]["healthcheck"] == nil {
		t.Error("localstack has no health check, and setup waits for it")
	}
}

func TestComposePinsLocalStack(t *testing.T) {
	localstack := composed(t)["localstack"]
	// Releases after 4 are named by year and month, and ask for an account.
	if image := localstack["image"].(string); !regexp.MustCompile(`^localstack/localstack:4\.\d+\.\d+$`).MatchString(image) {
		t.Errorf("the image is %s, want a release of LocalStack 4", image)
	}
	if got, want := environmentOf(localstack)["SERVICES"], "sqs,sns,dynamodb"; got != want {
		t.Errorf("SERVICES is %q, want %q", got, want)
	}
}

func TestLocalStackRunsItsScripts(t *testing.T) {
	if volumes := textsOf(composed(t)["localstack"]["volumes"]); !slices.Contains(volumes, "./localstack/init:/etc/localstack/init/ready.d:ro") {
		t.Errorf("localstack mounts %v, want its scripts among them", volumes)
	}
	scripts, err := os.ReadDir(initFolder)
	if err != nil || len(scripts) == 0 {
		t.Fatalf("scripts of LocalStack: got %d, error %v, want some", len(scripts), err)
	}
	for _, script := range scripts {
		info, err := script.Info()
		if err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(initFolder + script.Name())
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode()&0o111 == 0 || !strings.HasSuffix(script.Name(), ".sh") || !strings.HasPrefix(string(text), "#!/bin/sh\n") {
			t.Errorf("%s: LocalStack runs what is called .sh, may be executed and names its shell", script.Name())
		}
	}
}

func TestDockerfileRunsServe(t *testing.T) {
	text := readFile(t, dockerfile)
	var line []string
	for _, instruction := range []string{"ENTRYPOINT", "CMD"} {
		list := regexp.MustCompile(`(?m)^` + instruction + ` (\[.*\])$`).FindStringSubmatch(text)
		if list == nil {
			t.Fatalf("no %s with a list: a shell would keep signals from ptpu", instruction)
		}
		var words []string
		if err := json.Unmarshal([]byte(list[1]), &words); err != nil {
			t.Fatal(err)
		}
		line = append(line, words...)
	}
	if line[0] != "/ptpu" || commandOf(t, line[1:]) != "serve" {
		t.Errorf("the image runs %v, want ptpu serve", line)
	}
	if !regexp.MustCompile(`(?m)^USER [1-9]\d*:[1-9]\d*$`).MatchString(text) {
		t.Error("want a user by number, and not root")
	}
}

// The linker ignores a variable that is not there.
func TestDockerfileSetsWhatMakeBuildSets(t *testing.T) {
	stamped := regexp.MustCompile(`-X main\.(\w+)=`)
	names := func(path string) []string {
		var names []string
		for _, found := range stamped.FindAllStringSubmatch(readFile(t, path), -1) {
			names = append(names, found[1])
		}
		return names
	}
	want := []string{"version", "commit", "buildTime"}
	for _, path := range []string{dockerfile, "../../Makefile"} {
		if got := names(path); !slices.Equal(got, want) {
			t.Errorf("%s sets %v, want %v", path, got, want)
		}
	}
	main := readFile(t, "main.go")
	for _, name := range want {
		if !regexp.MustCompile(`\t` + name + ` +=`).MatchString(main) {
			t.Errorf("there is no variable %s", name)
		}
	}
	for _, flag := range []string{"CGO_ENABLED=0", "-trimpath", "./cmd/ptpu"} {
		if !strings.Contains(readFile(t, dockerfile), flag) {
			t.Errorf("the Dockerfile builds without %s", flag)
		}
	}
}

// parsed reads one command line of ptpu and runs nothing.
func parsed(t *testing.T, args []string) (*kong.Context, commands) {
	t.Helper()
	var c commands
	parser, err := kong.New(&c, kong.Name("ptpu"))
	if err != nil {
		t.Fatal(err)
	}
	chosen, err := parser.Parse(args)
	if err != nil {
		t.Fatalf("ptpu %s: %v", strings.Join(args, " "), err)
	}
	return chosen, c
}

func commandOf(t *testing.T, args []string) string {
	t.Helper()
	chosen, _ := parsed(t, args)
	return chosen.Command()
}

// textsOf is a list of texts; none when there is no list.
func textsOf(list any) []string {
	var all []string
	items, _ := list.([]any)
	for _, item := range items {
		all = append(all, item.(string))
	}
	return all
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// readYAML reads the little of YAML that docker-compose.yml is written in, and
// fails at anything else: mappings and lists of texts, indented by two, lists in
// brackets as JSON writes them, anchors and merges.
func readYAML(t *testing.T, path string) map[string]any {
	t.Helper()
	r := yamlReader{t: t, anchors: map[string]any{}}
	for line := range strings.Lines(readFile(t, path)) {
		line = regexp.MustCompile(`(^|\s+)#.*$`).ReplaceAllString(strings.TrimRight(line, "\n"), "")
		if line != "" {
			r.lines = append(r.lines, line)
		}
	}
	document := r.block(0)
	if len(r.lines) > 0 {
		t.Fatalf("%s: not read from %q on", path, r.lines[0])
	}
	return document.(map[string]any)
}

type yamlReader struct {
	t       *testing.T
	lines   []string // those that are left
	anchors map[string]any
}

var (
	yamlPair = regexp.MustCompile(`^( *)([\w<.-]+):(?: (?:&(\w+))?(?: ?(.+))?)?$`)
	yamlItem = regexp.MustCompile(`^( *)- (.+)$`)
)

// block reads what is indented by this much: a mapping or a list.
func (r *yamlReader) block(indent int) any {
	r.t.Helper()
	if len(r.lines) > 0 && yamlItem.MatchString(r.lines[0]) {
		return r.list(indent)
	}
	mapping := map[string]any{}
	for len(r.lines) > 0 {
		pair := yamlPair.FindStringSubmatch(r.lines[0])
		if pair == nil || len(pair[1]) > indent {
			r.t.Fatalf("want a key, indented by %d: %q", indent, r.lines[0])
		}
		if len(pair[1]) < indent {
			break
		}
		r.lines = r.lines[1:]
		key, anchor, value := pair[2], pair[3], r.value(pair[4], indent+2)
		if anchor != "" {
			r.anchors[anchor] = value
		}
		if _, twice := mapping[key]; twice && key != "<<" {
			// A key that a merge brought may be set otherwise below it.
			merged, _ := mapping["<<"].(map[string]any)
			if _, ok := merged[key]; !ok {
				r.t.Fatalf("%s is there twice", key)
			}
		}
		mapping[key] = value
		if merged, ok := value.(map[string]any); ok && key == "<<" {
			maps.Copy(mapping, merged)
		}
	}
	delete(mapping, "<<")
	return mapping
}

func (r *yamlReader) list(indent int) []any {
	r.t.Helper()
	var list []any
	for len(r.lines) > 0 {
		item := yamlItem.FindStringSubmatch(r.lines[0])
		if item == nil || len(item[1]) != indent {
			break
		}
		r.lines = r.lines[1:]
		list = append(list, r.value(item[2], -1))
	}
	return list
}

// value reads what stands behind a key, or below it when nothing does. Every
// scalar is a text here.
func (r *yamlReader) value(text string, below int) any {
	r.t.Helper()
	switch {
	case text == "":
		if len(r.lines) > 0 && strings.HasPrefix(r.lines[0], strings.Repeat(" ", below)) {
			return r.block(below)
		}
		return nil
	case text[0] == '*':
		value, ok := r.anchors[text[1:]]
		if !ok {
			r.t.Fatalf("no anchor %s", text)
		}
		return value
	case text[0] == '"' || text[0] == '[':
		var value any
		if err := json.Unmarshal([]byte(text), &value); err != nil {
			r.t.Fatalf("%s: %v", text, err)
		}
		return value
	case strings.ContainsAny(text[:1], "'{}&!|>%@`?-") || strings.Contains(text, ": "):
		r.t.Fatalf("more of YAML than is read here: %s", text)
	}
	return text
}
