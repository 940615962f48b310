package test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/monitor/armmonitor"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v8"

	"causeway/bench/counted"
)

const subscription = "11111111-2222-3333-4444-555555555555"

// api is a gateway that clients of Azure manage.
type api struct {
	*gateway
	base         string
	id, secret   string
	certificates *x509.CertPool
}

// serveAPI starts a supervisor that waits for a gateway, and makes a credential for its management API.
func serveAPI(t *testing.T, flags ...string) *api {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	g := &gateway{t: t, dir: dir, data: filepath.Join(dir, "data"), stderr: &lockedBuffer{}, exited: make(chan struct{})}
	g.cmd = exec.Command(path, append([]string{
		"serve", "--api", fmt.Sprint("127.0.0.1:", freePort(t)), "--data", g.data, "--listen", "127.0.0.1", "--drain", "5s",
	}, flags...)...)
	g.start()
	t.Cleanup(g.stop)
	eventually(t, "the management API answers", func() bool { return strings.Contains(g.stderr.String(), "the management API answers") })
	a := &api{gateway: g, certificates: x509.NewCertPool()}
	out, errs, code := g.run("api", "credentials", "create", "--role", "owner", "-o", "json")
	var made struct{ ClientID, ClientSecret string }
	if err := json.Unmarshal([]byte(out), &made); err != nil || code != 0 {
		t.Fatalf("%d %v %s%s", code, err, out, errs)
	}
	a.id, a.secret = made.ClientID, made.ClientSecret
	authority, err := os.ReadFile(filepath.Join(g.data, "api", "ca.pem"))
	if err != nil || !a.certificates.AppendCertsFromPEM(authority) {
		t.Fatalf("the certificate of the authority: %v", err)
	}
	trust, errs, code := g.run("api", "trust")
	for line := range strings.Lines(trust) {
		if at, ok := strings.CutPrefix(line, `ActiveDirectoryAuthorityHost: "`); ok {
			a.base = strings.TrimSuffix(strings.TrimSpace(at), `/"`)
		}
	}
	if code != 0 || a.base == "" {
		t.Fatalf("api trust: %d %s%s", code, trust, errs)
	}
	return a
}

// credential is that of Azure's SDK for Go, set up as causeway api trust says, and the options of its clients.
func (a *api) credential() (azcore.TokenCredential, *arm.ClientOptions) {
	a.t.Helper()
	common := azcore.ClientOptions{
		Cloud: cloud.Configuration{
			ActiveDirectoryAuthorityHost: a.base + "/",
			Services: map[cloud.ServiceName]cloud.ServiceConfiguration{
				cloud.ResourceManager: {Endpoint: a.base, Audience: a.base + "/arm"},
			},
		},
		Transport: &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: a.certificates}, ForceAttemptHTTP2: true}},
		Retry:     policy.RetryOptions{MaxRetries: -1},
	}
	credential, err := azidentity.NewClientSecretCredential("adfs", a.id, a.secret,
		&azidentity.ClientSecretCredentialOptions{ClientOptions: common})
	if err != nil {
		a.t.Fatal(err)
	}
	return credential, &arm.ClientOptions{ClientOptions: common}
}

// client is the SDK's client of gateways.
func (a *api) client() *armnetwork.ApplicationGatewaysClient {
	a.t.Helper()
	credential, options := a.credential()
	c, err := armnetwork.NewApplicationGatewaysClient(subscription, credential, options)
	if err != nil {
		a.t.Fatal(err)
	}
	return c
}

// asSDK is a document as the SDK has it.
func asSDK(t *testing.T, d *document) (g armnetwork.ApplicationGateway) {
	t.Helper()
	if err := json.Unmarshal([]byte(d.String()), &g); err != nil {
		t.Fatal(err)
	}
	return g
}

// finished waits for a long-running operation.
func finished[T any](t *testing.T, p *runtime.Poller[T], err error) T {
	t.Helper()
	if err == nil {
		var v T
		if v, err = p.PollUntilDone(t.Context(), &runtime.PollUntilDoneOptions{Frequency: time.Second}); err == nil {
			return v
		}
	}
	t.Fatal(err)
	panic("unreachable")
}

// A program creates a gateway, sees its health, raises its capacity under load, stops, starts and deletes it, all with
// Azure's SDK.
func TestTheSDKForGoManagesAGateway(t *testing.T) {
	member, _ := node(t, echo)
	front := freePort(t)
	a := serveAPI(t)
	c := a.client()
	created, err := c.BeginCreateOrUpdate(t.Context(), "rg", "gw1", asSDK(t, plain(front, member)), nil)
	g := finished(t, created, err).ApplicationGateway
	url := fmt.Sprintf("http://127.0.0.1:%d/", front)
	if got := curl(t, "-o", "/dev/null", "-w", "%{http_code}", url); got != "200" {
		t.Errorf("the gateway answers %s", got)
	}
	asked, err := c.BeginBackendHealth(t.Context(), "rg", "gw1", nil)
	health := finished(t, asked, err)
	if s := health.BackendAddressPools[0].BackendHTTPSettingsCollection[0].Servers; len(s) != 1 ||
		*s[0].Health != armnetwork.ApplicationGatewayBackendHealthServerHealthUp {
		t.Errorf("the health of the members: %+v", s)
	}

	load := counted.Start(fmt.Sprint("127.0.0.1:", front), 4, time.Millisecond)
	g.Properties.SKU.Capacity = to.Ptr[int32](3)
	raised, err := c.BeginCreateOrUpdate(t.Context(), "rg", "gw1", g, nil)
	finished(t, raised, err)
	if out, _, _ := a.run("instances"); strings.Count(out, "appgw_") != 3 {
		t.Errorf("after the capacity was raised to 3:\n%s", out)
	}
	if n := load.End(); n.Answered == 0 || len(n.Failed) > 0 {
		t.Errorf("%d requests answered, failed: %v", n.Answered, n.Failed)
	}
	stopped, err := c.BeginStop(t.Context(), "rg", "gw1", nil)
	finished(t, stopped, err)
	if _, err := http.Get(url); err == nil {
		t.Error("a stopped gateway answers")
	}
	started, err := c.BeginStart(t.Context(), "rg", "gw1", nil)
	finished(t, started, err)
	if got := curl(t, "-o", "/dev/null", "-w", "%{http_code}", url); got != "200" {
		t.Errorf("started again, the gateway answers %s", got)
	}
	deleted, err := c.BeginDelete(t.Context(), "rg", "gw1", nil)
	finished(t, deleted, err)
	var refused *azcore.ResponseError
	if _, err := c.Get(t.Context(), "rg", "gw1", nil); !errors.As(err, &refused) || refused.StatusCode != http.StatusNotFound {
		t.Errorf("after its deletion: %v", err)
	}
	if out, errs, code := a.run("config", "history"); code != 0 || !strings.Contains(out, "the gateway was deleted") {
		t.Errorf("config history: %d %s%s", code, out, errs)
	}
}

// A program watches a gateway with Azure's SDK: its metrics and its activity log.
func TestTheSDKForGoWatchesAGateway(t *testing.T) {
	member, _ := node(t, echo)
	a := serveAPI(t)
	created, err := a.client().BeginCreateOrUpdate(t.Context(), "rg", "gw1", asSDK(t, plain(freePort(t), member)), nil)
	id := *finished(t, created, err).ID
	credential, options := a.credential()
	metrics, err := armmonitor.NewMetricsClient(subscription, credential, options)
	if err != nil {
		t.Fatal(err)
	}
	read, err := metrics.List(t.Context(), id, &armmonitor.MetricsClientListOptions{
		Metricnames: to.Ptr("TotalRequests,HealthyHostCount"), Interval: to.Ptr("PT1M"), Aggregation: to.Ptr("Total"),
		Timespan: to.Ptr(time.Now().Add(-time.Hour).UTC().Format(time.RFC3339) + "/" + time.Now().UTC().Format(time.RFC3339)),
		Filter:   to.Ptr("BackendSettingsPool eq '*'"),
	})
	if err != nil || len(read.Value) != 2 || *read.Value[0].Name.Value != "TotalRequests" {
		t.Errorf("metrics: %v %+v", err, read)
	}
	log, err := armmonitor.NewActivityLogsClient(subscription, credential, options)
	if err != nil {
		t.Fatal(err)
	}
	pager, found := log.NewListPager("eventTimestamp ge '"+time.Now().Add(-time.Hour).UTC().Format(time.RFC3339)+"'", nil), false
	for pager.More() {
		page, err := pager.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range page.Value {
			found = found || e.Caller != nil && strings.Contains(*e.Caller, a.id) && *e.Level == armmonitor.EventLevelInformational
		}
	}
	if !found {
		t.Error("no event of the activity log names the client")
	}
}

// How TestManyWritesUnderTraffic writes. make bench-writes does it for a minute, as an ingress controller would.
var (
	writes     = flag.Int("writes", 20, "how many writes")
	writeEvery = flag.Duration("write-every", 0, "from one to the next")
)

// An ingress controller writes the whole gateway again and again. Every write is in force soon, no request fails, and the memory
// of the processes stays what it is after the first writes.
func TestManyWritesUnderTraffic(t *testing.T) {
	const listeners = 50
	member, _ := node(t, echo)
	front := freePort(t)
	a := serveAPI(t)
	c := a.client()
	d := &document{}
	d.port("p", front)
	for i := range listeners {
		name := fmt.Sprint("site", i)
		d.pool(name, "127.0.0.1")
		d.setting(name, member, `"protocol":"Http","requestTimeout":5`)
		hosts := fmt.Sprintf(`"protocol":"Http","hostName":"%s.example"`, name)
		if i == 0 {
			hosts = `"protocol":"Http"`
		}
		d.listener(name, "p", hosts)
		d.basic(name, 1000-i, name, name, name)
	}
	created, err := c.BeginCreateOrUpdate(t.Context(), "rg", "gw1", asSDK(t, d), nil)
	g := finished(t, created, err).ApplicationGateway
	load := counted.Start(fmt.Sprint("127.0.0.1:", front), 4, time.Millisecond)
	var took []time.Duration
	var early int
	for i := range *writes {
		if i == 10 {
			early = a.memory()
		}
		for _, s := range g.Properties.BackendHTTPSettingsCollection {
			s.Properties.RequestTimeout = to.Ptr(int32(5 + i%3))
		}
		begin := time.Now()
		written, err := c.BeginCreateOrUpdate(context.WithoutCancel(t.Context()), "rg", "gw1", g, nil)
		g = finished(t, written, err).ApplicationGateway
		took = append(took, time.Since(begin))
		time.Sleep(*writeEvery - took[i])
	}
	n, grown := load.End(), a.memory()-early
	slices.Sort(took)
	slowest := took[len(took)-1]
	t.Logf("%d writes of %d listeners: median %v, slowest %v; %d requests answered, %d failed; memory %d MiB after ten writes, and then %+d MiB",
		*writes, listeners, took[len(took)/2].Round(time.Millisecond), slowest.Round(time.Millisecond), n.Answered, len(n.Failed), early, grown)
	if n.Answered == 0 || len(n.Failed) > 0 {
		t.Errorf("failed requests: %v", n.Failed)
	}
	if slowest > 10*time.Second { // a second on a quiet machine
		t.Errorf("the slowest write took %v", slowest)
	}
	if grown > early/2 {
		t.Errorf("the memory of the processes grew from %d MiB by %d MiB", early, grown)
	}
}

// memory is what the supervisor and its instances hold of their own, in MiB.
func (a *api) memory() (sum int) {
	out, _, _ := a.run("instances", "-o", "json")
	var instances []struct{ PID int }
	if err := json.Unmarshal([]byte(out), &instances); err != nil {
		a.t.Errorf("instances -o json: %v in %s", err, out)
	}
	sum = memoryOf(a.cmd.Process.Pid, "RssAnon")
	for _, p := range instances {
		sum += memoryOf(p.PID, "RssAnon")
	}
	return sum
}

// Nobody is refused at the management API while the gateway is upgraded.
func TestTheAPIOutlastsAnUpgrade(t *testing.T) {
	a := serveAPI(t)
	address := strings.TrimPrefix(a.base, "https://")
	stop, done := make(chan struct{}), make(chan []string)
	go func() {
		var refused []string
		for {
			select {
			case <-stop:
				done <- refused
				return
			default:
			}
			c, err := net.DialTimeout("tcp", address, 5*time.Second)
			if err != nil {
				refused = append(refused, err.Error())
				continue
			}
			c.Close()
			time.Sleep(time.Millisecond)
		}
	}()
	if out, errs, code := a.run("upgrade"); code != 0 {
		t.Errorf("upgrade: %d %s%s", code, out, errs)
	}
	answers := func() bool {
		client := http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{
			TLSClientConfig: &tls.Config{RootCAs: a.certificates}, DisableKeepAlives: true,
		}}
		r, err := client.Get(a.base + "/metadata/endpoints?api-version=2022-09-01")
		if err == nil {
			r.Body.Close()
		}
		return err == nil && r.StatusCode == http.StatusOK
	}
	eventually(t, "the API answers after the upgrade", answers)
	close(stop)
	if refused := <-done; len(refused) > 0 {
		t.Errorf("%d connections were refused, for example %s", len(refused), refused[0])
	}
}

// Evidence of a gateway is collected over its API, and diagnosed elsewhere.
func TestCollectOverTheAPI(t *testing.T) {
	member, _ := node(t, echo)
	front := freePort(t)
	a := serveAPI(t)
	c := a.client()
	created, err := c.BeginCreateOrUpdate(t.Context(), "rg", "gw1", asSDK(t, plain(front, member)), nil)
	finished(t, created, err)
	bundle := filepath.Join(a.dir, "gw1.tar.gz")
	collect := []string{
		"collect", "--api", a.base, "--ca", filepath.Join(a.data, "api", "ca.pem"), "--client-id", a.id,
		"--subscription", subscription, "-g", "rg", "-n", "gw1", "--bundle", bundle,
	}
	t.Setenv("CAUSEWAY_CLIENT_SECRET", "guess")
	if _, errs, code := causeway(t, collect...); code != 3 || !strings.Contains(errs, "the client id or the client secret is wrong") {
		t.Errorf("with a wrong secret: %d %s", code, errs)
	}
	t.Setenv("CAUSEWAY_CLIENT_SECRET", a.secret)
	if _, errs, code := causeway(t, append(collect, "-n", "gw9")...); code != 3 || !strings.Contains(errs, "gw9") {
		t.Errorf("of another gateway: %d %s", code, errs)
	}
	if out, errs, code := causeway(t, collect...); code != 0 || strings.Contains(errs, ".json") {
		t.Fatalf("%d %s%s", code, out, errs)
	}
	out, errs, code := causeway(t, "diagnose", bundle)
	if code != 0 || !strings.Contains(out, "all members (1) are healthy") {
		t.Errorf("diagnose: %d %s%s", code, out, errs)
	}
	if out, errs, code := causeway(t, append(collect, "--redact")...); code != 0 || !strings.Contains(errs, "gw1-redacted.tar.gz is ready") {
		t.Errorf("with --redact: %d %s%s", code, out, errs)
	}
}

// What docs/api.md says of curl works word for word, but for the two lines that the reader fills in.
func TestTheManagementAPIByCurl(t *testing.T) {
	for _, tool := range []string{"curl", "jq"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skip("there is no " + tool)
		}
	}
	page, err := os.ReadFile(filepath.Join("..", "docs", "api.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ := strings.Cut(string(page), "\n## With curl\n")
	_, text, _ = strings.Cut(text, "```\n")
	text, _, _ = strings.Cut(text, "```\n")
	lines := strings.SplitAfterN(text, "\n", 3)
	if len(lines) < 3 || !strings.HasPrefix(lines[0], "ca=") || !strings.HasPrefix(lines[1], "id=") {
		t.Fatalf("the example has other lines:\n%s", text)
	}
	a := serveAPI(t)
	filled := fmt.Sprintf("ca='%s' base=%s\nid=%s secret='%s'\n", filepath.Join(a.data, "api", "ca.pem"), a.base, a.id, a.secret)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, "bash", "-euo", "pipefail", "-c", filled+lines[2]).CombinedOutput()
	if err != nil || !strings.Contains(string(out), `"value"`) {
		t.Errorf("%v\n%s", err, out)
	}
}
