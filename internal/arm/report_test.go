package arm

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"causeway/internal/access"
	"causeway/internal/report"
	"causeway/internal/upload"
)

// Whoever asks for the same report at the same time, or a moment later, gets the same; a time later it is a new one, and an error is nobody
// else's.
func TestReportsAreShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := recent{all: map[string]*recentReport{}, most: reportsKept}
		made := 0
		slow := func(context.Context) (Printed, error) {
			time.Sleep(time.Second)
			made++
			return Printed{Text: []byte(strconv.Itoa(made))}, nil
		}
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				if p, err := r.get(t.Context(), "30m", slow); err != nil || string(p.Text) != "1" {
					t.Errorf("%s, %v", p.Text, err)
				}
			})
		}
		wg.Wait()
		left, leave := context.WithCancel(t.Context())
		leave()
		if _, err := r.get(left, "1h", slow); !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
		if p, err := r.get(t.Context(), "1h", slow); err != nil || string(p.Text) != "2" {
			t.Errorf("begun by somebody who left: %s, %v", p.Text, err)
		}
		time.Sleep(reportLife)
		if p, err := r.get(t.Context(), "30m", slow); err != nil || string(p.Text) != "3" {
			t.Errorf("later: %s, %v", p.Text, err)
		}
		broken := errors.New("broken")
		if _, err := r.get(t.Context(), "6h", func(context.Context) (Printed, error) { return Printed{}, broken }); !errors.Is(err, broken) {
			t.Errorf("%v", err)
		}
		if p, err := r.get(t.Context(), "6h", slow); err != nil || string(p.Text) != "4" {
			t.Errorf("after an error: %s, %v", p.Text, err)
		}
	})
}

// A diagnosis has its pictures beside it, may be a file of any form, and compares itself with an earlier one.
func TestDiagnosis(t *testing.T) {
	w := newWorld(t)
	w.created()
	w.gateway.reported, w.gateway.noted = `{"schema":"causeway.report/v2","findings":[{"cause":"c-idle-race"}]}`, "not read: photo.png"
	at := gatewayURL + "/providers/Causeway/"
	a := w.do("GET", at+"diagnosis?since=30m", "")
	if drawn, _ := a.at(t, "drawings").(map[string]any)["findings"].([]any); a.status != 200 || len(drawn) != 1 {
		t.Errorf("%d %s", a.status, a.text)
	}
	if !strings.Contains(a.text, `"notRead":["not read: photo.png"]`) {
		t.Errorf("%s", a.text)
	}
	w.gateway.reported = "<html>"
	a = w.do("GET", at+"diagnosis?format=html", "")
	if kind := a.header.Get("Content-Type"); a.text != "<html>" || kind != "text/html; charset=utf-8" {
		t.Errorf("%s %q", kind, a.text)
	}
	if a := w.do("GET", at+"diagnosis?format=pdf", ""); a.status != http.StatusBadRequest {
		t.Errorf("%d %s", a.status, a.text)
	}
	w.gateway.reported = "{}"
	if a := w.do("POST", at+"diagnosis?since=2026-11-30T09:00:00Z", `{"headline":"before"}`, w.as(access.Reader)...); a.status != 200 {
		t.Errorf("%d %s", a.status, a.text)
	}
	if got := w.gateway.reports[len(w.gateway.reports)-1]; w.gateway.given != `{"headline":"before"}` ||
		got != "diagnose -o json --live --before - --since 2026-11-30T09:00:00Z" {
		t.Errorf("%q %q", got, w.gateway.given)
	}
}

// The guide takes the answers of whoever searches.
func TestGuide(t *testing.T) {
	w := newWorld(t)
	w.created()
	guide, err := json.Marshal(report.GuideOf(&report.Report{Host: report.OnCausewayAz}))
	if err != nil {
		t.Fatal(err)
	}
	w.gateway.reported = string(guide)
	at := gatewayURL + "/providers/Causeway/troubleshooting"
	if a := w.do("GET", at+"?backend-health=yes&gateway-capacity=no", ""); a.status != 200 ||
		!strings.Contains(a.text, "sku.capacity in the document") || !strings.Contains(a.text, "the first no is at gateway-capacity") {
		t.Errorf("%d %s", a.status, a.text)
	}
	if a := w.do("GET", at+"?backend-health=perhaps", ""); a.status != http.StatusBadRequest {
		t.Errorf("%d %s", a.status, a.text)
	}
}

// Evidence that somebody gives is diagnosed in its folder, and gone once it is deleted.
func TestEvidence(t *testing.T) {
	w := newWorld(t)
	w.created()
	var err error
	if w.gateway.uploads, err = upload.Open(t.TempDir()); err != nil {
		t.Fatal(err)
	}
	w.gateway.reported = "{}"
	reader := w.as(access.Reader)
	at := gatewayURL + "/providers/Causeway/evidence"
	a := w.do("POST", at, "", reader...)
	if a.status != http.StatusCreated {
		t.Fatalf("%d %s", a.status, a.text)
	}
	one := at + "/" + a.at(t, "id").(string)
	for path, want := range map[string]int{"/files/access.json": 201, "/files/..%2fx": 400, "x/files/a": 404} {
		if a := w.do("PUT", one+path, "{}", reader...); a.status != want {
			t.Errorf("%s: %d %s", path, a.status, a.text)
		}
	}
	for _, what := range []string{"/diagnosis", "/diagnosis?format=html", "/troubleshooting", "/capacity", "/explanations/x"} {
		if a := w.do("GET", one+what, "", reader...); a.status != 200 {
			t.Errorf("%s: %d %s", what, a.status, a.text)
		}
	}
	if a := w.do("DELETE", one, "", reader...); a.status != http.StatusNoContent {
		t.Errorf("%d %s", a.status, a.text)
	}
	if a := w.do("GET", one+"/diagnosis", "", reader...); a.status != http.StatusNotFound || !strings.Contains(a.text, "30 minutes") {
		t.Errorf("%d %s", a.status, a.text)
	}
}

// A report is what a command prints; of a window that is no time, of another gateway and of a command that refuses, the answer says so.
func TestReports(t *testing.T) {
	w := newWorld(t)
	w.created()
	w.gateway.reported = `{"headline":"x"}`
	at := gatewayURL + "/providers/Causeway"
	if a := w.do("GET", at+"/diagnosis?since=2026-11-30T09:00:00Z", ""); a.status != 200 || a.at(t, "headline") != "x" {
		t.Errorf("%d %s", a.status, a.text)
	}
	w.do("GET", at+"/capacity", "")
	w.do("GET", at+"/explanations/--data", "")
	if got, want := strings.Join(w.gateway.reports, ", "), "diagnose -o json --live --since 2026-11-30T09:00:00Z, capacity -o json --live, "+
		"explain -o json --live -- --data"; got != want {
		t.Errorf("%s", got)
	}
	if a := w.do("GET", at+"/diagnosis?until=yesterday", ""); a.status != http.StatusBadRequest {
		t.Errorf("%d %s", a.status, a.text)
	}
	for err, want := range map[error]int{
		&ReportError{Message: "no gateway"}:                http.StatusConflict,
		&ReportError{Message: "no request", Found: true}:   http.StatusNotFound,
		errors.New("run causeway explain: it took a year"): http.StatusInternalServerError,
	} {
		w.gateway.noReport = err
		if a := w.do("GET", at+"/explanations/x", ""); a.status != want || !strings.Contains(a.text, err.Error()) {
			t.Errorf("%v: %d %s", err, a.status, a.text)
		}
	}
}

// The session of a browser counts as its caller, where the portal's script asks and no other site.
func TestASessionOfABrowser(t *testing.T) {
	w := newWorld(t)
	w.created()
	sessions := w.server.control.Sessions
	in, err := sessions.Accept(sessions.Invite(access.Caller{ID: "uid 1000", Role: access.Reader}))
	if err != nil {
		t.Fatal(err)
	}
	cookie := access.Cookie(in.ID).String()
	const read = gatewayURL + ""
	for name, c := range map[string]struct {
		method string
		header []string
		want   int
	}{
		"the portal":               {"GET", []string{"Cookie", cookie, access.PortalHeader, in.Key}, http.StatusOK},
		"another port of the host": {"GET", []string{"Cookie", cookie, access.PortalHeader, "1"}, http.StatusUnauthorized},
		"another site":             {"GET", []string{"Cookie", cookie}, http.StatusUnauthorized},
		"the portal, without it":   {"GET", []string{access.PortalHeader, in.Key}, http.StatusUnauthorized},
		"a session that ended":     {"GET", []string{"Cookie", access.Cookie("x").String(), access.PortalHeader, in.Key}, http.StatusUnauthorized},
		"more than the role may":   {"PUT", []string{"Cookie", cookie, access.PortalHeader, in.Key}, http.StatusForbidden},
		"a forged token beside it": {"GET", []string{"Cookie", cookie, access.PortalHeader, in.Key, "Authorization", "Bearer x"}, http.StatusUnauthorized},
	} {
		header := c.header
		if !strings.Contains(strings.Join(header, " "), "Authorization") {
			header = append(header, "Authorization", "")
		}
		if a := w.do(c.method, read, "{}", header...); a.status != c.want {
			t.Errorf("%s: %d %s", name, a.status, a.text)
		}
	}
}
