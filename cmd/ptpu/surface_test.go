package main

import (
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"ptpu/localstack"
)

// address is where the running service answers.
func (r *running) address() string {
	r.t.Helper()
	alive := regexp.MustCompile(`"msg":"ready"`)
	eventually(r.t, "the service is ready", func() bool { return alive.MatchString(r.out.String()) })
	port := regexp.MustCompile(`"address":"[^"]*:(\d+)"`).FindStringSubmatch(r.out.String())
	return "http://127.0.0.1:" + port[1]
}

// token is one that the simulated hmpps-auth gives to the client.
func (r *running) token(client string) string {
	r.t.Helper()
	form := url.Values{"grant_type": {"client_credentials"}}
	request, err := http.NewRequestWithContext(r.t.Context(), http.MethodPost, r.environ["OAUTH_ENDPOINT_URL"]+"/oauth/token", strings.NewReader(form.Encode()))
	if err != nil {
		r.t.Fatal(err)
	}
	request.SetBasicAuth(client, client+"-secret")
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	var said struct {
		Token string `json:"access_token"`
	}
	status, body := answerOf(r.t, request)
	if err := json.Unmarshal(body, &said); err != nil || status != http.StatusOK {
		r.t.Fatalf("token of %s: status %d, error %v", client, status, err)
	}
	return said.Token
}

// get asks the running service.
func (r *running) get(path, token string) (status int, body string) {
	r.t.Helper()
	request, err := http.NewRequestWithContext(r.t.Context(), http.MethodGet, r.address()+path, http.NoBody)
	if err != nil {
		r.t.Fatal(err)
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	status, text := answerOf(r.t, request)
	return status, string(text)
}

func answerOf(t *testing.T, request *http.Request) (status int, body []byte) {
	t.Helper()
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err = io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, body
}

func TestTheDescriptionIsValidAndWhole(t *testing.T) {
	w := newShown(t, nil)
	answer := httptest.NewRecorder()
	w.handler.ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/v3/api-docs", http.NoBody))
	description, err := openapi3.NewLoader().LoadFromData(answer.Body.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if err := description.Validate(t.Context(), openapi3.EnableExamplesValidation()); err != nil {
		t.Error(err)
	}
	for _, pattern := range w.router.patterns {
		method, path, _ := strings.Cut(pattern, " ")
		item := description.Paths.Find(path)
		if item == nil || item.GetOperation(method) == nil {
			t.Errorf("%s is not in the description", pattern)
			continue
		}
		operation := item.GetOperation(method)
		if operation.Summary == "" || operation.Description == "" || len(operation.Tags) == 0 {
			t.Errorf("%s lacks a summary, a description or a tag", pattern)
		}
		role := rules[pattern]
		if role == "" {
			continue
		}
		if operation.Security == nil || (*operation.Security)[0][callerScheme][0] != role {
			t.Errorf("%s: the description asks for %v, want %s", pattern, operation.Security, role)
		}
		for _, status := range []int{http.StatusUnauthorized, http.StatusForbidden} {
			if operation.Responses.Status(status) == nil {
				t.Errorf("%s does not describe status %d", pattern, status)
			}
		}
	}
}

func TestAnOutageOfHmppsAuthStopsNobodyWhoHasAToken(t *testing.T) {
	r := serveWorld(t, localstack.Invented(), nil)
	reporter := r.token("reporter")
	if status, body := r.get("/report/in-progress", reporter); status != http.StatusOK {
		t.Fatalf("before: status %d %s", status, body)
	}
	if err := r.world.Misbehave(localstack.Fault{Upstream: localstack.HMPPSAuth, Effect: localstack.Answer, Status: http.StatusServiceUnavailable}); err != nil {
		t.Fatal(err)
	}
	r.send(notice("during-the-outage", `{"eventType":"SENTENCE_DATES-CHANGED","bookingId":1300101}`))
	s := r.store()
	eventually(t, "the event is carried out all the same", func() bool {
		all := messages(t, s, 1300101)
		return len(all) == 1 && !all[0].Open()
	})
	if status, body := r.get("/report/processed", reporter); status != http.StatusOK || !strings.Contains(body, "1300101") {
		t.Errorf("a report during the outage: status %d %s", status, body)
	}
	eventually(t, "health says so", func() bool {
		status, body := r.get("/health", "")
		return status == http.StatusServiceUnavailable && strings.Contains(body, `"OAuthApiHealth":{"status":"DOWN","details":{`) &&
			strings.Contains(body, `"HttpStatus":"SERVICE_UNAVAILABLE"`)
	})
	if status, _ := r.get("/health/liveness", ""); status != http.StatusOK {
		t.Errorf("liveness during the outage: status %d, want 200", status)
	}
	if status, _ := r.get("/health/readiness", ""); status != http.StatusOK {
		t.Errorf("readiness during the outage: status %d, want 200", status)
	}
}

func TestHealthKeepsItsDetailsFromStrangersWhenToldTo(t *testing.T) {
	r := serveWorld(t, localstack.Invented(), map[string]string{"PTPU_HEALTH_DETAILS": "authorised"})
	for client, details := range map[string]bool{"": false, "nobody": false, "reporter": true} {
		token := ""
		if client != "" {
			token = r.token(client)
		}
		eventually(t, "the token of "+client+" can be checked", func() bool {
			status, body := r.get("/health", token)
			return status == http.StatusOK && strings.Contains(body, "messageTable") == details
		})
	}
}

func TestCustomEventsReachApplicationInsights(t *testing.T) {
	var mu sync.Mutex
	var arrived []string
	ingestion := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		unpacked, err := gzip.NewReader(r.Body)
		if err != nil {
			t.Error(err)
			return
		}
		body, err := io.ReadAll(unpacked)
		if err != nil {
			t.Error(err)
		}
		mu.Lock()
		arrived = append(arrived, strings.Split(strings.TrimSpace(string(body)), "\n")...)
		mu.Unlock()
		_, _ = io.WriteString(w, `{"itemsReceived":1,"itemsAccepted":1,"errors":[]}`)
	}))
	defer ingestion.Close()
	r := serveWorld(t, localstack.Invented(), map[string]string{
		"APPLICATIONINSIGHTS_CONNECTION_STRING": "InstrumentationKey=00000000-0000-0000-0000-000000000001;IngestionEndpoint=" + ingestion.URL + "/",
	})
	r.send(notice("told", `{"eventType":"IMPRISONMENT_STATUS-CHANGED","bookingId":1300101}`))
	s := r.store()
	eventually(t, "the event is carried out", func() bool {
		all := messages(t, s, 1300101)
		return len(all) == 1 && !all[0].Open()
	})
	if code := r.stop(); code != exitOK {
		t.Fatalf("exit code %d", code)
	}
	trace := messages(t, s, 1300101)[0].Trace.TraceID()
	mu.Lock()
	defer mu.Unlock()
	for _, name := range []string{"P2POffenderMatch", "P2POffenderNumberSet", "P2PImprisonmentStatusUpdated"} {
		found := false
		for _, line := range arrived {
			if strings.Contains(line, `"`+name+`"`) {
				found = true
				for _, want := range []string{`"ai.operation.id":"` + trace + `"`, `"ai.cloud.role":"prison-to-probation-update"`, `"bookingId":"1300101"`} {
					if !strings.Contains(line, want) {
						t.Errorf("%s lacks %s: %s", name, want, line)
					}
				}
			}
		}
		if !found {
			t.Errorf("%s did not arrive before the process ended: %v", name, arrived)
		}
	}
}
