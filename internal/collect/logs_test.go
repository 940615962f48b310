package collect

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

var begin = time.Date(2026, 11, 30, 9, 30, 0, 0, time.UTC)

// logAPI answers queries of a log that has a row at each of these seconds after begin, and at most so many rows at a time.
func logAPI(t *testing.T, most int, seconds ...int) *client {
	t.Helper()
	window := regexp.MustCompile(`_ResourceId =~ '/g\\'w' and TimeGenerated >= datetime\((.*?)\) and TimeGenerated < datetime\((.*?)\)$`)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var q struct{ Query string }
		if err := json.NewDecoder(r.Body).Decode(&q); err != nil {
			t.Error(err)
		}
		m := window.FindStringSubmatch(q.Query)
		if m == nil {
			http.Error(w, "not understood: "+q.Query, http.StatusBadRequest)
			return
		}
		rows := []string{}
		for _, s := range seconds {
			at := begin.Add(time.Duration(s) * time.Second).Format(time.RFC3339)
			if at >= m[1] && at < m[2] {
				rows = append(rows, fmt.Sprintf("[%d]", s))
			}
		}
		partial := ""
		if len(rows) > most {
			rows, partial = rows[:most], `,"error":{"code":"PartialError"}`
		}
		fmt.Fprintf(w, `{"tables":[{"rows":[%s]}]%s}`, strings.Join(rows, ","), partial)
	}))
	t.Cleanup(s.Close)
	return &client{base: s.URL, max: answerMax}
}

// files are those of a bundle.
func files(t *testing.T, packed []byte) map[string]string {
	t.Helper()
	plain, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	out, in := map[string]string{}, tar.NewReader(plain)
	for {
		h, err := in.Next()
		if errors.Is(err, io.EOF) {
			return out
		}
		text, bad := io.ReadAll(in)
		if err != nil || bad != nil {
			t.Fatal(err, bad)
		}
		out[h.Name] = string(text)
	}
}

func TestTheAccessLogIsCollectedInParts(t *testing.T) {
	for _, c := range []struct {
		name    string
		seconds []int
		files   int
		missing string
	}{
		{"nothing", nil, 0, ""},
		{"an hour each", []int{0, 1, 1800, 1801, 5399}, 2, ""},
		{"in halves", []int{0, 1, 2, 3, 4, 5, 6, 7}, 4, ""},
		{"a second with too many", []int{7, 7, 7, 7}, 1, "truncated: 3 rows"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var packed bytes.Buffer
			b := newBundle(&packed)
			logAPI(t, 3, c.seconds...).accessLog(t.Context(), b, "/g'w", begin, begin.Add(90*time.Minute))
			missing := strings.Join(b.missing, "\n")
			if err := b.close(); err != nil {
				t.Fatal(err)
			}
			var got []int
			n := 0
			for name, text := range files(t, packed.Bytes()) {
				var answer struct{ Tables []struct{ Rows [][]int } }
				if !strings.HasPrefix(name, "logs/AGWAccessLogs-") {
					continue
				}
				if err := json.Unmarshal([]byte(text), &answer); err != nil {
					t.Fatal(err)
				}
				n++
				for _, row := range answer.Tables[0].Rows {
					got = append(got, row...)
				}
			}
			slices.Sort(got)
			if !strings.Contains(missing, c.missing) || (c.missing == "") != (missing == "") {
				t.Errorf("missing: %q", missing)
			}
			if c.missing == "" && !slices.Equal(got, c.seconds) || n != c.files && c.name != "in halves" {
				t.Errorf("%v in %d files", got, n)
			}
		})
	}
}

// An API that does not answer queries costs the log only.
func TestAnAPIWithoutTheLog(t *testing.T) {
	s := httptest.NewServer(http.NotFoundHandler())
	defer s.Close()
	b := newBundle(io.Discard)
	(&client{base: s.URL, max: answerMax}).accessLog(t.Context(), b, "/x", begin, begin.Add(5*time.Hour))
	if len(b.missing) != 1 || !strings.Contains(b.missing[0], "access log from 2026-11-30T09:30:00Z on: the API answers 404") {
		t.Errorf("%q", b.missing)
	}
}

// One part for which the API is too busy costs that part only, and as little of it as can be.
func TestABusyHourCostsNoOther(t *testing.T) {
	asked := 0
	window := regexp.MustCompile(`>= datetime\((.*?)\) and TimeGenerated < datetime\((.*?)\)`)
	bad := begin.Add(40 * time.Minute).Format(time.RFC3339)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		text, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		m := window.FindStringSubmatch(strings.ReplaceAll(strings.ReplaceAll(string(text), `\u003e`, ">"), `\u003c`, "<"))
		if asked == 1 { // busy once
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		if m[1] <= bad && bad < m[2] {
			w.WriteHeader(http.StatusGatewayTimeout)
			return
		}
		w.Header().Set("Causeway-Missing-Nodes", "b, c")
		fmt.Fprint(w, `{"tables":[{"rows":[[1]]}]}`)
	}))
	defer s.Close()
	var packed bytes.Buffer
	b := newBundle(&packed)
	c := &client{base: s.URL, max: answerMax}
	c.accessLog(t.Context(), b, "/x", begin, begin.Add(5*time.Hour))
	if missing := c.nodesMissing(); len(missing) != 1 || !strings.HasPrefix(missing[0], "access log of the nodes b, c:") {
		t.Errorf("of a cluster: %q", missing)
	}
	if err := b.close(); err != nil {
		t.Fatal(err)
	}
	if len(b.missing) != 1 || !strings.Contains(b.missing[0], "from 2026-11-30T10:0") {
		t.Errorf("missing: %q", b.missing)
	}
	if n := len(files(t, packed.Bytes())); n < 10 {
		t.Errorf("%d parts came", n)
	}
	if asked > 60 {
		t.Errorf("it asked %d times", asked)
	}
}

// Metrics of a window that one answer does not hold come in parts.
func TestMetricsComeInParts(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		first, last, _ := strings.Cut(r.URL.Query().Get("timespan"), "/")
		from, err := time.Parse(time.RFC3339, first)
		to, bad := time.Parse(time.RFC3339, last)
		if err != nil || bad != nil {
			t.Error(err, bad)
		}
		if to.Sub(from) > 3*time.Hour {
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `{"error":{"code":"ResponseTooLarge","message":"more than fits"}}`)
			return
		}
		fmt.Fprintf(w, `{"value":[{"name":{"value":"TotalRequests"},"timeseries":[{"data":[{"timeStamp":%q,"total":1},{"timeStamp":%q,"total":1}]}]}]}`,
			first, last)
	}))
	defer s.Close()
	var packed bytes.Buffer
	b := newBundle(&packed)
	(&client{base: s.URL, max: answerMax}).metrics(t.Context(), b, metrics[0], "/m", begin, begin.Add(8*time.Hour))
	if err := b.close(); err != nil || len(b.missing) > 0 {
		t.Fatal(err, b.missing)
	}
	var names []string
	for name := range files(t, packed.Bytes()) {
		if strings.HasPrefix(name, "metrics/") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	want := []string{
		"metrics/capacity_20261130T0930.json", "metrics/capacity_20261130T1130.json",
		"metrics/capacity_20261130T1330.json", "metrics/capacity_20261130T1530.json",
	}
	if !slices.Equal(names, want) {
		t.Errorf("got %q, want %q", names, want)
	}
}
