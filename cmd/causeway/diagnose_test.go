package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"causeway/internal/evidence"
)

// Files that may not be read are no empty evidence: what to do about them is another thing.
func TestNothingRead(t *testing.T) {
	for _, c := range []struct{ reason, want, hint string }{
		{evidence.MayNotRead, "nothing in a.json could be read", "chmod +r"},
		{"not a log", "nothing in a.json was recognised as evidence", "give a gateway's data directory"},
	} {
		e := nothingRead(&evidence.Bundle{Unread: []evidence.Unread{{File: "a.json", Reason: c.reason}}}, []string{"a.json"})
		if e.code != exitFailed || !strings.Contains(e.Error(), c.want) || !strings.Contains(e.hint, c.hint) {
			t.Errorf("%s: %v, hint %q", c.reason, e, e.hint)
		}
	}
}

// A log of which no row can be read is no calm report, with a document beside it or without; what else tells of failures is.
func TestNoRowCouldBeRead(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	bad := write("log.csv", "TimeGenerated,HttpStatus,TimeTaken,ClientIp\nyesterday,502,1.5,198.51.100.4\n")
	good := write("good.csv", "TimeGenerated,HttpStatus,TimeTaken,ClientIp\n2026-11-20T08:00:00Z,502,1.5,198.51.100.4\n")
	document := write("gw.json",
		`{"name":"w","type":"Microsoft.Network/applicationGateways","properties":{"sku":{"name":"Standard_v2","tier":"Standard_v2","capacity":1}}}`)
	empty := write("empty.csv", "TimeGenerated,HttpStatus,TimeTaken,ClientIp\n")
	for _, x := range []struct {
		paths []string
		code  int
		want  string
	}{
		{[]string{bad}, exitFailed, "no row of any log"},
		{[]string{bad, document}, exitFailed, "no row of any log"},
		{[]string{empty}, exitFailed, "no row of any log"},
		{[]string{empty, document}, 0, "holds no row of one"},
		{[]string{bad, good}, 0, "no readable time"},
	} {
		var out, errs strings.Builder
		code := run(append([]string{"diagnose"}, x.paths...), strings.NewReader(""), &out, &errs)
		if code != x.code || !strings.Contains(errs.String(), x.want) || code == exitFailed && out.Len() > 0 {
			t.Errorf("%v: exit %d, %s%s", x.paths, code, out.String(), errs.String())
		}
	}
}

// The other commands that read evidence say so too.
func TestNoRowCouldBeReadByOthers(t *testing.T) {
	bad := filepath.Join(t.TempDir(), "log.csv")
	if err := os.WriteFile(bad, []byte("TimeGenerated,HttpStatus,TimeTaken,ClientIp\nyesterday,502,1.5,198.51.100.4\n"),
		0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"capacity", bad}, {"troubleshoot", bad}, {"explain", "592d1649f75a8d480a3c4dc6a975309d", bad}} {
		var out, errs strings.Builder
		if code := run(args, strings.NewReader(""), &out, &errs); code != exitFailed || out.Len() > 0 ||
			!strings.Contains(errs.String(), "no row of any log") {
			t.Errorf("%v: exit %d, %s%s", args, code, out.String(), errs.String())
		}
	}
}

// No command prints the name of a file to the terminal unescaped.
func TestNamesOfFilesOnATerminal(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "a\x1b]0;owned\x07\ncauseway: no problem")
	if err := os.WriteFile(name, []byte("hello"), 0o600); err != nil {
		t.Fatal("this file system takes no file of such a name")
	}
	for _, args := range [][]string{
		{"diagnose", name},
		{"diagnose", name + "x"},
		{"explain", "592d1649f75a8d480a3c4dc6a975309d", name},
		{"troubleshoot", name},
		{"capacity", name},
		{"config", "validate", name},
		{"config", "validate", name + "x"},
		{"config", "show", name},
		{"migrate", name},
		{"redact", name + "x", "--bundle", filepath.Join(dir, "b")},
		{"config", "apply", name},
		{"diagnose", "--data", name},
		{"logs", "--data", name},
		{"health", "--data", name},
		{"serve", name},
		{"diagnose", "--before", name, name},
	} {
		var out, errs strings.Builder
		run(args, strings.NewReader(""), &out, &errs)
		if printed := out.String() + errs.String(); strings.ContainsAny(printed, "\x1b\x07") ||
			strings.Contains(printed, "\ncauseway: no problem") {
			t.Errorf("%q: %q", args, printed)
		}
	}
}
