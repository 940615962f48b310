package main

import (
	"fmt"
	"io"
	"strings"
)

// table is one in Markdown.
type table struct {
	header []string
	rows   [][]string
}

func (t *table) add(cells ...string) { t.rows = append(t.rows, cells) }

func (t *table) print(w io.Writer) {
	line := func(cells []string) { fmt.Fprintf(w, "| %s |\n", strings.Join(cells, " | ")) }
	line(t.header)
	fmt.Fprintln(w, strings.Repeat("|---", len(t.header))+"|")
	for _, r := range t.rows {
		line(r)
	}
}
