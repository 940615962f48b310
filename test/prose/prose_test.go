// Package prose holds comments, messages and documents to plain, active English.
package prose

import (
	"go/scanner"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// banned are phrases that a native reader stumbles over, with what to write instead.
var banned = []struct{ phrase, instead string }{
	{`(is|are|was|were|be|being) told`, "the subject does it: the report says, the log shows"},
	{`(is|are|was|were|be|being) said`, "the subject does it: the report says, the log shows"},
	{`(is|are|was|were) (reckoned|bethought)`, "computed, counted, assumed"},
	{`reckon(s|ed|ing)?`, "compute, count, assume"},
	{`what fails`, "the failures, failed requests"},
	{`mend(s|ed|ing)?`, "fix"},
	{`whose turn it is`, "the next one"},
	{`come(s)? to nothing`, "fails, has no effect"},
	{`bad news`, "problems were found"},
	{`hold(s)? the load against`, "compare the load with"},
	{`(is|are) held against`, "is compared with"},
	{`tell(s)? what happened`, "explain"},
	{`who refuses`, "the server that refuses"},
	{`for want of`, "because there is no"},
	{`what is wrong with it is`, "list the problems"},
	{`how sure one can be`, "confidence"},
	{`has (gone|come) well`, "worked"},
	{`all is well`, "no problem was found"},
}

// unread are folders that this test leaves alone until their sentences have been rewritten. The list only shrinks.
var unread = []string{
	"docs/accuracy.md", // the lab writes it

}

// TestPlainEnglish looks for banned phrases in documents, in comments, and in strings of Go files that are no tests.
func TestPlainEnglish(t *testing.T) {
	pattern := compiled()
	root := filepath.Join("..", "..")
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(root, path)
		if entry.IsDir() {
			if name == "bin" || entry.Name() == "node_modules" || name == "dist" || name == "findings" || name == "test/prose" || entry.Name() == "testdata" || name != "." && strings.HasPrefix(entry.Name(), ".") {
				return fs.SkipDir
			}
			return nil
		}
		if slices.ContainsFunc(unread, func(folder string) bool { return strings.HasPrefix(name, folder) }) {
			return nil
		}
		for line, text := range prose(t, path) {
			for _, at := range pattern.FindAllStringSubmatchIndex(text, -1) {
				t.Errorf("%s:%d: %q; better: %s", name, line, text[at[0]:at[1]], banned[group(at)].instead)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// compiled is one pattern with a group for each phrase.
func compiled() *regexp.Regexp {
	var groups []string
	for _, b := range banned {
		groups = append(groups, "("+strings.NewReplacer("(", "(?:", " ", `\s+`).Replace(b.phrase)+")")
	}
	return regexp.MustCompile(`(?i)\b(?:` + strings.Join(groups, "|") + `)\b`)
}

// group is the index of the phrase that matched.
func group(at []int) int {
	for i := 2; i < len(at); i += 2 {
		if at[i] >= 0 {
			return i/2 - 1
		}
	}
	return 0
}

// prose is what people read of a file, by line.
func prose(t *testing.T, path string) map[int]string {
	switch filepath.Ext(path) {
	case ".md", ".sh", ".txt":
		return lines(read(t, path))
	case ".go":
		return goProse(read(t, path), strings.HasSuffix(path, "_test.go"))
	}
	return nil
}

func lines(data []byte) map[int]string {
	out := map[int]string{}
	for i, line := range strings.Split(string(data), "\n") {
		out[i+1] = line
	}
	return out
}

// goProse is the comments of a file and, but for tests, its strings. Lines of a comment count one by one.
func goProse(data []byte, test bool) map[int]string {
	out := map[int]string{}
	files := token.NewFileSet()
	file := files.AddFile("", -1, len(data))
	var s scanner.Scanner
	s.Init(file, data, nil, scanner.ScanComments)
	for {
		pos, tok, literal := s.Scan()
		switch {
		case tok == token.EOF:
			return out
		case tok == token.COMMENT, tok == token.STRING && !test:
			out[file.Line(pos)] += " " + literal
		}
	}
}

func read(t *testing.T, path string) []byte {
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
