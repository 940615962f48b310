package main

import (
	"strings"
	"testing"
)

func TestReplaceMeasured(t *testing.T) {
	page := "by hand\n" + pageBegin + "\nold\n" + pageEnd + "\nby hand too\n"
	want := "by hand\n" + pageBegin + "\n\nnew\n\n" + pageEnd + "\nby hand too\n"
	for range 2 { // what was written can be replaced again
		got, err := replaceMeasured(page, "\nnew\n")
		if err != nil || got != want {
			t.Fatalf("%q, %v; want %q", got, err, want)
		}
		page = got
	}
}

func TestReplaceMeasuredKeepsPages(t *testing.T) {
	for _, page := range []string{"", "by hand\n", pageBegin, pageEnd, pageEnd + "\n" + pageBegin} {
		if got, err := replaceMeasured(page, "new"); err == nil {
			t.Errorf("%q became %q", page, got)
		}
	}
}

func TestPageOfTheProject(t *testing.T) {
	page, err := readPage("../docs/performance.md")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Count(page, pageBegin) != 1 || strings.Count(page, pageEnd) != 1 {
		t.Error("there is more than one place for figures")
	}
}
