package arm

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"causeway/internal/access"
)

// A report is what a command prints; of a window that is no time, of another gateway and of a command that refuses, the answer says so.
func TestReports(t *testing.T) {
	w := newWorld(t)
	w.created()
	w.gateway.reported = `{"verdict":"x"}`
	at := gatewayURL + "/providers/Causeway"
	if a := w.do("GET", at+"/diagnosis?since=2026-11-30T09:00:00Z", ""); a.status != 200 || a.at(t, "verdict") != "x" {
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
