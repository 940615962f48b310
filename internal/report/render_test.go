package report_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/diagnose/story"
	"causeway/internal/report"
)

var update = flag.Bool("update", false, "write the golden files anew")

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs (go test ./diagnose -update writes it anew); now:\n%s", path, got)
	}
}

// A mixed story: a race, timeouts at the slope of the latency, and failures that nothing tells apart.
func mixedStory(t *testing.T) *story.Story {
	s := story.Race(t)
	for i := range 200 {
		s.After(500 * time.Millisecond)
		if wait := time.Duration(300+i*37%210*10) * time.Millisecond; wait < 2*time.Second {
			s.Request(5, story.Path("/slow"), story.Took(wait))
		} else {
			s.Request(5, story.Path("/slow"), story.Fails(story.TimeoutFault, 2*time.Second))
		}
	}
	s.Request(6, story.Fails(story.RefusedFault, time.Millisecond))
	s.Request(6, story.Fails(story.TimeoutFault, 2*time.Second))
	return s
}

// A report with something in every part of it, made by hand so that it is about form alone.
func fullReport() *report.Report {
	return &report.Report{
		Schema: report.Schema, Window: report.Window{
			From: "2026-11-23T09:00:00.000Z",
			To:   "2026-11-23T10:00:00.000Z",
		}, Requests: 5000, Failures: 40, Recovered: 7,
		Verdict: &report.Verdict{Cause: "c-idle-race", Title: "the backend closes idle connections", Share: 0.75, Confidence: report.High},
		Where: &report.Where{
			Member: "10.0.0.4:80", Failures: 30, Of: 40, Confidence: report.High,
			Fact: "member 10.0.0.4:80: 30 of 40 failures; 30 of its 900 requests failed, and 10 of the 4100 of the other 2",
		},
		FailureKind: &report.FailureKind{Kinds: []string{"lost-idle"}, Failures: 30, Of: 40, Confidence: report.High},
		Cause:       &report.CauseLevel{Cause: "c-idle-race", Failures: 30, Of: 40, Confidence: report.High},
		Findings: []report.Finding{{
			Where: &report.Where{
				Member: "10.0.0.4:80", Failures: 37, Of: 37, Confidence: report.High,
				Fact: "member 10.0.0.4:80: 37 of 37 failures; 37 of its 900 requests failed, and 10 of the 4100 of the other 2",
			},
			FailureKind: &report.FailureKind{Kinds: []string{"lost-idle"}, Failures: 37, Of: 37, Confidence: report.High},
			Cause:       "c-idle-race", Title: "the backend closes idle connections", Scope: report.Scope{
				Pool: "web", Settings: "http",
				Member: "10.0.0.4",
			},
			Failures: 30, Recovered: 7, Share: 0.75, Confidence: report.High, Mechanism: "The backend ends a connection after 5 s.",
			Evidence: []report.Evidence{
				{Source: "access-log", Fact: "30 requests were lost on /a_b/*", Rows: []string{"aaaa", "bbbb", "cccc"}},
				{Source: "configuration", Fact: "10.0.0.4 | 5 s <limit>"},
			},
			RuledOut: []report.RuledOut{{Cause: "c-restart", Because: "the failures lie in 25 seconds"}},
			Rivals:   []report.Rival{{Cause: "c-max-age", Test: "compare the ages"}},
			Fixes: []report.Fix{
				{Side: "backend", Change: "raise the limit", Expected: report.Expected{
					Removes: [2]int{30, 30},
					Basis:   "exact",
					Note:    "replayed",
				}},
				{
					Side: "gateway", Change: "reuse for less long", Expected: report.Expected{Removes: [2]int{10, 30}, Basis: "bounded"},
					Commands: report.Commands{
						AzCLI:      "az x --a 'b'",
						PowerShell: "$gw = Get-X",
						Portal:     "A > B",
						Causeway:   "set backendIdleTimeout: 4s",
					},
				},
			},
			DisprovedBy: "an answer after 6 s",
		}},
		Steps: []report.Step{
			{Step: "backend-health", Result: "pass", Detail: "all Up"},
			{Step: "request-timeout", Result: "fail", Detail: "3 of 4 | late"},
			{Step: "gateway-performance", Result: "unknown", Detail: "no metrics"},
		},
		Undetermined: report.Undetermined{Failures: 10, Groups: []report.Open{{
			Failures: 10, Recovered: 1, Scope: report.Scope{Path: "/b"}, Rivals: []report.Rival{
				{Cause: "d-hung", Test: "wait longer", Because: "no answer ever came"},
				{Cause: "d-slow-route", Test: "look", Against: "the route is quick elsewhere"},
			},
			AlsoPossible: []report.Rival{{Cause: "d-db-lock", Test: "ask the database"}}, Separate: "whether a longer timeout helps",
			FailureKind: &report.FailureKind{Kinds: []string{"gateway-timer", "unreachable"}, Failures: 11, Of: 11, Confidence: report.High},
			Next:        "look at its log", Rows: []string{"dddd"},
		}}},
		WhatIf: report.WhatIf{Savings: []report.Saving{
			{
				Setting: "requestTimeout", Scope: report.Scope{Settings: "http"}, From: "20 s", To: "30 s", Removes: [2]int{0, 10},
				Basis: "bounded",
			},
			{Setting: "retry", Removes: [2]int{5, 5}, Adds: 1, Basis: "exact"},
		}, Together: [2]int{5, 15}},
		Notices:     []report.Notice{{Cause: "d-timeout-below-latency", Fact: "requestTimeout of x_y is 1 s", Do: "raise it"}},
		Assumptions: []string{"the request timeout is 20 s"},
		Missing: []report.Missing{
			{What: "backend health", Why: "nothing can be said of probes", How: "az network x"},
			{What: "access log", Why: "too short", How: "give all of it"},
		},
	}
}

func TestMarkdown(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := fullReport().Markdown(&b); err != nil {
		t.Fatal(err)
	}
	golden(t, "full.md", b.Bytes())
}

// nasty is what a path may hold when somebody means harm.
const nasty = "/<script>alert(1)</script>|`x`\x1b[31m[a](javascript:b)<img src=//evil.example>"

func nastyReport(t *testing.T) *report.Report {
	s := story.New(t)
	names := func(r *accesslog.Record, a *accesslog.Attempt) { a.Member, r.Instance = `"><em>`, `a|<i>` }
	for i := range 200 {
		s.After(500 * time.Millisecond)
		if wait := time.Duration(300+i*37%210*10) * time.Millisecond; wait < 2*time.Second {
			s.Request(4, story.Took(wait), story.Path(nasty), names)
		} else {
			s.Request(4, story.Fails(story.TimeoutFault, 2*time.Second), story.Path(nasty), names)
		}
	}
	r := s.Diagnose()
	if len(r.Findings) == 0 || !strings.Contains(story.Found(t, r, 0).Scope.Path, "script") {
		t.Fatalf("%+v", r.Findings)
	}
	story.Found(t, r, 0).Evidence[0].Fact = "1. # " + nasty + "\n\n<b>"
	story.Found(t, r, 0).Evidence[0].Rows = []string{"`a|b`<u>"}
	story.Found(t, r, 0).Fixes[0].Commands.AzCLI = "az x ``` y\n```\n<script>"
	return r
}

func TestMarkdownIsHarmless(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := nastyReport(t).Markdown(&b); err != nil {
		t.Fatal(err)
	}
	inBlock, columns := "", 0
	for line := range strings.Lines(b.String()) {
		line = strings.TrimSuffix(line, "\n")
		if fence := strings.TrimLeft(strings.TrimSpace(line), "abcdefghijklmnopqrstuvwxyz"); strings.HasPrefix(fence, "```") {
			if fence = fence[:len(fence)-len(strings.TrimLeft(fence, "`"))]; inBlock == "" {
				inBlock = fence
			} else if inBlock == fence {
				inBlock = ""
			}
			continue
		}
		outside := regexp.MustCompile("`[^`]*`").ReplaceAllString(strings.ReplaceAll(line, "\\`", ""), "")
		if inBlock == "" && strings.ContainsAny(outside, "<\x1b") {
			t.Errorf("this could be HTML: %q", line)
		}
		if !strings.HasPrefix(line, "|") {
			columns = 0
			continue
		}
		n := strings.Count(strings.ReplaceAll(line, `\|`, ""), "|")
		if columns == 0 {
			columns = n
		}
		if n != columns {
			t.Errorf("%d columns instead of %d: %q", n, columns, line)
		}
	}
	if inBlock != "" {
		t.Error("a code block is not closed")
	}
}

var (
	outside = regexp.MustCompile(`(?i)(src|href)\s*=\s*["']?(https?:|//)|url\(\s*["']?(https?:|//)|@import`)
	idAttr  = regexp.MustCompile(` id="([^"]*)"`)
)

func TestPageIsComplete(t *testing.T) {
	t.Parallel()
	r := mixedStory(t).Diagnose()
	got := story.HTMLOf(t, r)
	for i := range r.Findings {
		if !strings.Contains(got, "<code>"+r.Findings[i].Cause+"</code>") {
			t.Errorf("the page does not hold %s", r.Findings[i].Cause)
		}
	}
	for _, want := range []string{
		"<title>Diagnosis: ", "Failures over time", "Idle age of reused connections to 10.0.0.4", "connections end at 2 s",
		"Latency under http", "request timeout 2 s",
		"Failures by member and instance", "backendIdleTimeout: 1.8s", "Cannot tell", "Missing evidence", "color-scheme: light dark",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the page does not hold %q", want)
		}
	}
	if outside.MatchString(got) || strings.Contains(got, "<script") {
		t.Error("the page needs something from elsewhere")
	}
	if strings.Contains(got, "ZgotmplZ") || strings.Contains(got, "NaN") || strings.Contains(got, "Inf") {
		t.Error("something could not be written")
	}
	seen := map[string]bool{}
	for _, m := range idAttr.FindAllStringSubmatch(got, -1) {
		if seen[m[1]] {
			t.Errorf("id %s is there twice", m[1])
		}
		seen[m[1]] = true
	}
	if again := story.HTMLOf(t, mixedStory(t).Diagnose()); again != got {
		t.Error("two runs differ")
	}
}

func TestPageIsHarmless(t *testing.T) {
	t.Parallel()
	got := story.HTMLOf(t, nastyReport(t))
	for _, bad := range []string{"<script", "<img", `"><em`, "<em>", "<u>", "<i>"} {
		if strings.Contains(got, bad) {
			t.Errorf("the page holds %q", bad)
		}
	}
}

// Reports of nothing are pages as well, and so are those of earlier versions, which have no pictures.
func TestPageWithoutPictures(t *testing.T) {
	t.Parallel()
	s := story.New(t)
	s.NoDoc = true
	if got := story.HTMLOf(t, s.Diagnose()); !strings.Contains(got, "There are no requests in this evidence") {
		t.Error(got)
	}
	r := story.Race(t).Diagnose()
	r.Pictures = nil
	if got := story.HTMLOf(t, r); strings.Contains(got, "<figure>") {
		t.Error("pictures of nothing")
	}
	if err := r.Text(&bytes.Buffer{}, 80); err != nil {
		t.Error(err)
	}
}

var escape = regexp.MustCompile("\x1b\\[[0-9;]*m")

// Colours add nothing but themselves.
func TestColourIsOnlyColour(t *testing.T) {
	t.Parallel()
	for _, width := range []int{60, 77, 100, 120} {
		t.Run(fmt.Sprintf("width %v", width), func(t *testing.T) {
			t.Parallel()
			var plain, coloured bytes.Buffer
			r := mixedStory(t).Diagnose()
			if err := r.Text(&plain, width); err != nil {
				t.Fatal(err)
			}
			if err := r.ColourText(&coloured, width); err != nil {
				t.Fatal(err)
			}
			if escape.ReplaceAllString(coloured.String(), "") != plain.String() || !strings.Contains(coloured.String(), "\x1b[1m") ||
				strings.Contains(plain.String(), "\x1b") {
				t.Errorf("width %d: coloured text is another text", width)
			}
		})
	}
}

// What clients sent must not speak to the terminal.
func TestTextIsHarmless(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := nastyReport(t).Text(&b, 100); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(b.String(), "\x1b") {
		t.Error("the text holds an escape code")
	}
}

// Pictures survive the way through JSON: a page can be made from a report that was kept.
func TestPageFromJSON(t *testing.T) {
	t.Parallel()
	r := mixedStory(t).Diagnose()
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var again report.Report
	if err := json.Unmarshal(b, &again); err != nil {
		t.Fatal(err)
	}
	if story.HTMLOf(t, r) != story.HTMLOf(t, &again) {
		t.Error("the page of the report and of its JSON differ")
	}
}
