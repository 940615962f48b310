package supervisor

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/user"
	"slices"
	"strings"
	"testing"
	"time"

	"causeway/internal/access"
	"causeway/internal/activity"
	"causeway/internal/admin"
	"causeway/internal/conn"
	"causeway/internal/gateway"
	"causeway/internal/gateway/document"
	"causeway/internal/store"
)

// apiClient is a client of the management API with a credential of its own.
type apiClient struct {
	t     *testing.T
	http  http.Client
	base  string
	token string
}

// client signs in at the API of a supervisor.
func (h *house) client(role access.Role) *apiClient {
	h.T.Helper()
	return h.clientAt(role, strings.TrimPrefix(h.s.Status().API, "https://"))
}

// clientAt signs in at the API of a supervisor, and connects to an address whatever the name of the API.
func (h *house) clientAt(role access.Role, address string) *apiClient {
	h.T.Helper()
	made, err := admin.CreateCredential(h.T.Context(), h.s.Access(), role, "")
	if err != nil {
		h.T.Fatal(err)
	}
	c := &apiClient{t: h.T, base: h.s.Status().API}
	var text []byte
	for end := time.Now().Add(10 * time.Second); text == nil; time.Sleep(10 * time.Millisecond) {
		if text, err = os.ReadFile(AuthorityFile(h.o.Data)); err != nil && time.Now().After(end) {
			h.T.Fatal(err)
		}
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(text)
	c.http.Transport = &http.Transport{
		TLSClientConfig:   &tls.Config{RootCAs: roots},
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, address)
		},
	}
	_, body := c.do(http.MethodPost, "/adfs/oauth2/token", url.Values{
		"grant_type": {"client_credentials"}, "client_id": {made.ID}, "client_secret": {made.Secret}, "resource": {c.base + "/arm"},
	}.Encode())
	var granted struct {
		Token string `json:"access_token"`
	}
	if err := json.Unmarshal([]byte(body), &granted); err != nil || granted.Token == "" {
		h.T.Fatalf("%v %s", err, body)
	}
	c.token = granted.Token
	return c
}

func (c *apiClient) do(method, path, body string) (status int, answer string) {
	c.t.Helper()
	r, err := http.NewRequestWithContext(c.t.Context(), method, c.base+path+"?api-version=2025-05-01", strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+c.token)
	if c.token == "" {
		r.Header.Del("Authorization")
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	resp, err := c.http.Do(r)
	if err != nil {
		c.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

// A supervisor without a document waits for a PUT. What was deleted stays deleted, also after a restart.
func TestAGatewayOfTheAPI(t *testing.T) {
	h := newHouse(t)
	document, err := os.ReadFile(h.o.Config)
	if err != nil {
		t.Fatal(err)
	}
	h.o.Config, h.o.API = "", "127.0.0.1:0"
	h.start()
	if s := h.s.Status(); !s.Deleted || s.Ready || s.API == "" || len(s.Ports) != 0 {
		t.Errorf("before: %+v", s)
	}
	const path = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/applicationGateways/gw"
	c := h.client(access.Owner)
	if status, text := c.do(http.MethodPut, path, string(document)); status != http.StatusCreated {
		t.Fatalf("PUT: %d %s", status, text)
	}
	if _, text := h.get(h.url("/")); !strings.Contains(text, "ok") {
		t.Errorf("the gateway answers %q", text)
	}
	h.end()
	h.start()
	c = h.client(access.Owner)
	if status, text := c.do(http.MethodGet, path, ""); status != http.StatusOK || !strings.Contains(text, `"operationalState":"Running"`) {
		t.Errorf("after a restart: %d %s", status, text)
	}
	if status, text := c.do(http.MethodDelete, path, ""); status != http.StatusOK {
		t.Errorf("DELETE: %d %s", status, text)
	}
	h.end()
	h.start()
	if s := h.s.Status(); !s.Deleted || s.Revision != 2 || len(s.Instances) != 0 {
		t.Errorf("after DELETE and a restart: %+v", s)
	}
	c = h.client(access.Owner)
	if status, text := c.do(http.MethodPut, path, string(document)); status != http.StatusCreated {
		t.Errorf("PUT again: %d %s", status, text)
	}
	events, err := h.s.Activity()
	if err != nil || len(events) == 0 {
		t.Fatalf("%d events, %v", len(events), err)
	}
	if e := lastConfigured(t, events); e.Revision != 3 || !strings.HasPrefix(e.Caller, "owner ") {
		t.Errorf("the last event is %+v", e)
	}
	first := admin.Config{Source: h.s.Config().Source, Revision: admin.NoRevision}
	if _, err := h.s.Apply(t.Context(), first); !errors.Is(err, store.ErrConflict) {
		t.Errorf("a first configuration after others: %v", err)
	}
	h.end()
}

// Without the API nobody could create a gateway.
func TestADeletedGatewayNeedsTheAPIOrADocument(t *testing.T) {
	h := newHouse(t)
	h.o.API = "127.0.0.1:0"
	h.start()
	if err := h.s.Remove(context.Background()); err != nil {
		t.Fatal(err)
	}
	h.end()
	config := h.o.Config
	h.o.Config, h.o.API = "", ""
	if _, _, err := Start(t.Context(), h.o); err == nil || !strings.Contains(admin.HintOf(err), "--config") {
		t.Errorf("without a document: %v", err)
	}
	h.o.Config = config
	h.start()
	if s := h.s.Status(); s.Deleted || s.Revision != 3 {
		t.Errorf("with a document: %+v", s)
	}
	h.end()
}

// An upgrade is no start: a deleted gateway stays deleted when the process of its supervisor executes another program, whatever --config
// names, even a document that has gone.
func TestADeletedGatewayStaysDeletedInAnUpgrade(t *testing.T) {
	h := newHouse(t)
	h.o.API = "127.0.0.1:0"
	h.start()
	if err := h.s.Remove(t.Context()); err != nil {
		t.Fatal(err)
	}
	config := h.o.Config
	for _, document := range []string{config, config + ".gone"} {
		h.end()
		ln, err := admin.ReplaceSocket(Socket(h.o.Data))
		if err != nil {
			t.Fatal(err)
		}
		fd, err := conn.Descriptor(ln)
		if err != nil {
			t.Fatal(err)
		}
		t.Setenv(listenersVariable, fmt.Sprintf("%s:%d", controlName, fd))
		h.o.Config = document
		h.start()
		ln.Close()
		if s := h.s.Status(); !s.Deleted || s.Revision != 2 {
			t.Errorf("%s: %+v", document, s)
		}
	}
	h.end()
}

// A gateway that is deleted while an instance waits for its next start, or the autoscaler for its turn, stays deleted.
func TestDeletedWhileAnInstanceWaits(t *testing.T) {
	h := newHouse(t)
	h.o.API = "127.0.0.1:0"
	h.start()
	if err := h.s.Remove(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !h.s.restarted(0) {
		t.Error("an instance of no gateway is to be started again")
	}
	if err := h.s.scaleTo(3); err != nil || h.s.wantedOfAll() != 0 || len(h.s.fleet.all()) != 0 {
		t.Errorf("%v, %d instances are wanted, %d run", err, h.s.wantedOfAll(), len(h.s.fleet.all()))
	}
	h.end()
}

// Clients may reach the API under a name that only the network knows.
func TestAFurtherNameOfTheAPI(t *testing.T) {
	h := newHouse(t)
	h.o.API, h.o.APINames = "127.0.0.1:0", []string{"gateway.example"}
	h.start()
	address := h.s.api.ln.Addr().String()
	_, port, _ := net.SplitHostPort(address)
	if got, want := h.s.Status().API, "https://gateway.example:"+port; got != want {
		t.Errorf("clients get the address %s, want %s", got, want)
	}
	c := h.clientAt(access.Reader, address)
	for host, want := range map[string]int{"gateway.example": http.StatusOK, "127.0.0.1": http.StatusOK, "localhost": http.StatusOK} {
		c.base = "https://" + net.JoinHostPort(host, port)
		if status, text := c.do(http.MethodGet, "/metadata/endpoints", ""); status != want || !strings.Contains(text, c.base) {
			t.Errorf("under the name %s: %d %s", host, status, text)
		}
	}
	h.end()
}

// The activity log says when a credential was made and revoked.
func TestCredentialsAreRecorded(t *testing.T) {
	h := newHouse(t)
	h.start()
	client := admin.NewClient(Socket(h.o.Data))
	made, err := client.CreateCredential(access.Reader, "")
	if err != nil {
		t.Fatal(err)
	}
	if err := client.RevokeCredential(made.ID); err != nil {
		t.Fatal(err)
	}
	events, err := h.s.Activity()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range events {
		if e.Kind == activity.Beside {
			got = append(got, e.Operation()+" of "+e.Resource+" by "+e.Caller)
		}
		if strings.Contains(string(e.Append(nil)), made.Secret) {
			t.Errorf("the secret is in the activity log: %s", e.Append(nil))
		}
	}
	who := fmt.Sprint("uid ", os.Geteuid()) // and its name, where the system has one
	if u, err := user.Current(); err == nil {
		who += " (" + u.Username + ")"
	}
	who += " over the control socket"
	want := []string{
		"Causeway/credentials/write of /credentials/" + made.ID + " by " + who,
		"Causeway/credentials/delete of /credentials/" + made.ID + " by " + who,
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// The activity log says what was wrong with a configuration that was refused.
func TestARefusedConfigurationIsRecorded(t *testing.T) {
	h := newHouse(t)
	h.start()
	text, err := os.ReadFile(h.o.Config)
	if err != nil {
		t.Fatal(err)
	}
	bad := strings.Replace(string(text), `"backendAddressPools"`, `"backendAddressPool"`, 1)
	if _, err := h.s.Apply(t.Context(), admin.Config{Source: document.Source{Document: []byte(bad)}}); err == nil {
		t.Fatal("it was applied")
	}
	events, err := h.s.Activity()
	if err != nil || len(events) == 0 {
		t.Fatal(events, err)
	}
	if e := lastConfigured(t, events); !e.Failed || !strings.Contains(e.Why, " at ") {
		t.Errorf("%+v", e)
	}
}

// A document without an id keeps that of the gateway, so that clients of the management API still find it. Another name is another
// gateway, and a warning.
func TestADocumentWithoutAnID(t *testing.T) {
	h := newHouse(t)
	h.o.API = "127.0.0.1:0"
	text, err := os.ReadFile(h.o.Config)
	if err != nil {
		t.Fatal(err)
	}
	h.o.Config = ""
	h.start()
	const path = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/applicationGateways/gw"
	c := h.client(access.Owner)
	if status, answer := c.do(http.MethodPut, path, string(text)); status != http.StatusCreated {
		t.Fatalf("PUT: %d %s", status, answer)
	}
	var fields map[string]any
	if err := json.Unmarshal(text, &fields); err != nil {
		t.Fatal(err)
	}
	apply := func(name string) []gateway.Problem {
		t.Helper()
		delete(fields, "id")
		delete(fields, "name")
		if name != "" {
			fields["name"] = name
		}
		plain, err := json.Marshal(fields)
		if err != nil {
			t.Fatal(err)
		}
		if name == "other" {
			plain = bytes.ReplaceAll(plain, []byte("/gw/"), []byte("/other/"))
		}
		problems, err := h.s.Apply(t.Context(), admin.Config{Source: document.Source{Document: plain}})
		if err != nil {
			t.Fatalf("%v %v", problems, err)
		}
		return slices.DeleteFunc(problems, func(p gateway.Problem) bool { return p.Code != "OtherGateway" })
	}
	for _, name := range []string{"", "gw", "GW"} {
		if problems := apply(name); len(problems) > 0 {
			t.Errorf("%q: %v", name, problems)
		}
		if status, answer := c.do(http.MethodGet, path, ""); status != http.StatusOK {
			t.Errorf("%q: %d %s", name, status, answer)
		}
	}
	if problems := apply("other"); len(problems) != 1 {
		t.Errorf("another name: %v", problems)
	}
}

// What causeway config show prints, applied again, is no change: it only writes defaults out.
func TestShownConfigurationIsNoChange(t *testing.T) {
	h := newHouse(t)
	h.start()
	c := h.s.Config()
	d, err := c.ParseDocument()
	if err != nil {
		t.Fatal(err)
	}
	apply := func(text string) int64 {
		t.Helper()
		if problems, err := h.s.Apply(t.Context(), admin.Config{Source: document.Source{Document: []byte(text)}}); err != nil {
			t.Fatalf("%v %v", problems, err)
		}
		return h.s.Config().Revision
	}
	noted := func() (n int) {
		t.Helper()
		events, err := h.s.Activity()
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range events {
			if e.Kind == activity.Configure {
				n++
			}
		}
		return n
	}
	shown, since := string(d.Effective()), h.s.Status().Applied
	if now := apply(shown); now != c.Revision || string(h.s.Config().Document) != string(c.Document) {
		t.Errorf("revision %d, was %d:\n%s", now, c.Revision, h.s.Config().Document)
	}
	if n := noted(); n != 0 || !h.s.Status().Applied.Equal(since) {
		t.Errorf("no change is noted %d times, and in force since %v, was %v", n, h.s.Status().Applied, since)
	}
	other := strings.Replace(shown, `"requestTimeout": `, `"requestTimeout": 1`, 1)
	if now := apply(other); other == shown || now == c.Revision {
		t.Errorf("revision %d in spite of a change", now)
	}
	if n := noted(); n != 1 || h.s.Status().Applied.Equal(since) {
		t.Errorf("a change is noted %d times, and in force since %v, was %v", n, h.s.Status().Applied, since)
	}
}

// What causeway config show prints has no secrets; a change of it keeps those in force, and so does a return to a revision. A certificate
// that no listener uses is no exception.
func TestShownConfigurationKeepsSecrets(t *testing.T) {
	h := newHouse(t)
	const secret = "certificate-of-nobody"
	data := base64.StdEncoding.EncodeToString([]byte(secret))
	text, err := os.ReadFile(h.o.Config)
	if err != nil {
		t.Fatal(err)
	}
	h.write(h.o.Config, strings.Replace(string(text), `"frontendPorts":`,
		`"authenticationCertificates":[],"sslCertificates":[{"name":"spare","properties":{"data":"`+data+`","password":"p"}}],"frontendPorts":`, 1))
	h.start()
	c := h.s.Config()
	d, err := c.ParseDocument()
	if err != nil {
		t.Fatal(err)
	}
	shown := string(d.Effective())
	if strings.Contains(shown, data) {
		t.Fatal("the secret shows")
	}
	other := strings.Replace(shown, `"requestTimeout": 20`, `"requestTimeout": 30`, 1)
	if problems, err := h.s.Apply(t.Context(), admin.Config{Source: document.Source{Document: []byte(other)}}); err != nil {
		t.Fatalf("%v %v", problems, err)
	}
	if now := string(h.s.Config().Document); !strings.Contains(now, data) || !strings.Contains(now, `"requestTimeout": 30`) {
		t.Errorf("the secret is lost, or the change:\n%s", now)
	}
	if problems, err := h.s.Rollback(t.Context(), c.Revision, 0); err != nil {
		t.Fatalf("%v %v", problems, err)
	}
	if now := string(h.s.Config().Document); now != string(c.Document) {
		t.Errorf("the return lost something:\n%s", now)
	}
	if _, err := h.s.Rollback(t.Context(), c.Revision+1, c.Revision); !errors.Is(err, store.ErrConflict) {
		t.Errorf("a return that replaces another revision: %v", err)
	}
}

// lastConfigured is the last event of a configuration. Instances become ready beside it.
func lastConfigured(t *testing.T, events []activity.Event) activity.Event {
	t.Helper()
	for _, e := range slices.Backward(events) {
		if e.Kind == activity.Configure {
			return e
		}
	}
	t.Fatalf("there is none: %+v", events)
	return activity.Event{}
}
