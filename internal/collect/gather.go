package collect

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Versions of the API. Causeway answers each alike; Azure does not.
const (
	gatewayVersion  = "2023-11-01"
	metricsVersion  = "2018-01-01"
	activityVersion = "2015-04-01"
)

type metricSort struct{ file, names, filter string }

// metrics are the files of metrics in a bundle, with the names and the dimension of each.
var metrics = []metricSort{
	{"capacity", "CapacityUnits,ComputeUnits,CurrentConnections,Throughput,NewConnectionsPerSecond", ""},
	{"time", "ApplicationGatewayTotalTime,BackendConnectTime,BackendFirstByteResponseTime,BackendLastByteResponseTime", ""},
	{"backend-status", "BackendResponseStatus", "HttpStatusGroup eq '*'"},
	{"status", "ResponseStatus", "HttpStatusGroup eq '*'"},
	{"hosts", "HealthyHostCount,UnhealthyHostCount,FailedRequests,TotalRequests", "BackendSettingsPool eq '*'"},
}

// Gather writes a bundle: what the API has of the gateway, as a tar.gz. Missing says, a line each, what it could not get; the
// bundle holds that, too. The error says why there is no bundle: nobody may sign in, or the gateway does not exist.
func Gather(ctx context.Context, o Options, into io.Writer) (missing []string, err error) {
	c, err := signIn(ctx, o)
	if err != nil {
		return nil, err
	}
	if o.Subscription == "" {
		if o.Subscription, err = c.subscription(ctx); err != nil {
			return nil, err
		}
	}
	b := newBundle(into)
	id := "/subscriptions/" + url.PathEscape(o.Subscription) + "/resourceGroups/" + url.PathEscape(o.Group) +
		"/providers/Microsoft.Network/applicationGateways/" + url.PathEscape(o.Gateway)
	document, err := c.ask(ctx, http.MethodGet, id, version(gatewayVersion))
	if err != nil {
		return nil, fmt.Errorf("read the gateway %s of group %s: %w", o.Gateway, o.Group, c.withOthers(ctx, o, err))
	}
	b.add("gateway.json", document)
	b.get("health.json", func() ([]byte, error) {
		return c.ask(ctx, http.MethodPost, id+"/backendhealth", version(gatewayVersion))
	})
	for _, m := range metrics {
		c.metrics(ctx, b, m, id+"/providers/Microsoft.Insights/metrics", o.From, o.To)
	}
	b.get("activity.json", func() ([]byte, error) { return c.activity(ctx, o) })
	c.accessLog(ctx, b, idOf(document, id), o.From, o.To.Truncate(time.Second).Add(time.Second)) // with the second that To is in
	b.missing = append(b.missing, c.nodesMissing()...)
	return b.missing, b.close()
}

// nodesMissing says what the other nodes of a cluster have that the bundle lacks.
func (c *client) nodesMissing() (out []string) {
	if len(c.absent) > 0 {
		out = append(out, fmt.Sprintf("health, metrics and activity log of the nodes %s: they do not answer, or have no management API",
			strings.Join(c.absent, ", ")))
	}
	if len(c.unasked) > 0 {
		out = append(out, fmt.Sprintf("access log of the nodes %s: each node answers for its own; collect from each, and diagnose the bundles together",
			strings.Join(c.unasked, ", ")))
	}
	return out
}

// idOf is the id of a gateway as its document has it, which the log has, too.
func idOf(document []byte, otherwise string) string {
	var resource struct{ ID string }
	if json.Unmarshal(document, &resource) != nil || resource.ID == "" {
		return otherwise
	}
	return resource.ID
}

func version(v string) url.Values { return url.Values{"api-version": {v}} }

// subscription is the first that the API lists.
func (c *client) subscription(ctx context.Context) (string, error) {
	text, err := c.ask(ctx, http.MethodGet, "/subscriptions", version("2016-06-01"))
	if err != nil {
		return "", fmt.Errorf("list the subscriptions: %w", err)
	}
	var listed struct {
		Value []struct{ SubscriptionID string }
	}
	if err := json.Unmarshal(text, &listed); err != nil || len(listed.Value) == 0 {
		return "", errors.New("list the subscriptions: the API lists none; name one with --subscription")
	}
	return listed.Value[0].SubscriptionID, nil
}

// metrics adds the metrics of a sort between two times, in halves where the API finds the answer too large.
func (c *client) metrics(ctx context.Context, b *bundle, m metricSort, path string, from, to time.Time) {
	text, err := c.ask(ctx, http.MethodGet, path, metricsQuery(m, from, to))
	var refused *answerError
	half := (to.Sub(from) / 2).Truncate(time.Minute)
	if errors.As(err, &refused) && refused.code == tooLarge && half >= time.Hour {
		for _, part := range [][2]time.Time{{from, from.Add(half)}, {from.Add(half), to}} {
			name, _, _ := strings.Cut(m.file, "_")
			c.metrics(ctx, b, metricSort{name + part[0].UTC().Format("_20060102T1504"), m.names, m.filter}, path, part[0], part[1])
		}
		return
	}
	b.get("metrics/"+m.file+".json", func() ([]byte, error) { return text, err })
}

// tooLarge is the code of a refusal to answer with so many values.
const tooLarge = "ResponseTooLarge"

func metricsQuery(m metricSort, from, to time.Time) url.Values {
	q := version(metricsVersion)
	q.Set("metricnames", m.names)
	q.Set("timespan", stamp(from)+"/"+stamp(to))
	q.Set("interval", "PT1M")
	q.Set("aggregation", "Average,Maximum,Total")
	q.Set("top", "1000")
	if m.filter != "" {
		q.Set("$filter", m.filter)
	}
	return q
}

// activity are all pages of the activity log.
func (c *client) activity(ctx context.Context, o Options) ([]byte, error) {
	q := version(activityVersion)
	q.Set("$filter", fmt.Sprintf("eventTimestamp ge '%s' and eventTimestamp le '%s' and resourceGroupName eq '%s'",
		o.From.UTC().Format(time.RFC3339), o.To.UTC().Format(time.RFC3339), strings.ReplaceAll(o.Group, "'", "''")))
	path := "/subscriptions/" + url.PathEscape(o.Subscription) + "/providers/Microsoft.Insights/eventtypes/management/values"
	all := []json.RawMessage{}
	for {
		text, err := c.ask(ctx, http.MethodGet, path, q)
		if err != nil {
			return nil, err
		}
		var page struct {
			Value    []json.RawMessage
			NextLink string
		}
		if err := json.Unmarshal(text, &page); err != nil {
			return nil, err
		}
		all = append(all, page.Value...)
		next, err := url.Parse(page.NextLink)
		if err != nil || page.NextLink == "" {
			return json.Marshal(all)
		}
		q = next.Query()
	}
}

// bundle is a tar.gz in the making.
type bundle struct {
	packed  *gzip.Writer
	files   *tar.Writer
	missing []string
	err     error // the first of a write
}

func newBundle(into io.Writer) *bundle {
	packed := gzip.NewWriter(into)
	return &bundle{packed: packed, files: tar.NewWriter(packed)}
}

// get adds a file, or notes why there is none.
func (b *bundle) get(name string, read func() ([]byte, error)) {
	text, err := read()
	if err != nil {
		b.missing = append(b.missing, name+": "+err.Error())
		return
	}
	b.add(name, text)
}

func (b *bundle) add(name string, text []byte) {
	if b.err != nil {
		return
	}
	b.err = b.files.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: int64(len(text)), ModTime: time.Now()})
	if b.err == nil {
		_, b.err = b.files.Write(text)
	}
}

func (b *bundle) close() error {
	b.add("not-collected.txt", []byte(strings.Join(b.missing, "\n")+"\n"))
	return errors.Join(b.err, b.files.Close(), b.packed.Close())
}
