package evidence

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Unread is a file, or a line of one, that could not be read. Lines with the same reason share one Unread.
type Unread struct {
	File   string
	Line   int // the first; 0: the whole file
	Reason string
	More   int // further lines that cannot be read for the same reason, in whatever file
}

// String says what was not read, where it stands first, and how often.
func (u Unread) String() string {
	where := u.File
	if u.Line > 0 {
		where += ":" + strconv.Itoa(u.Line)
	}
	text := where + ": " + u.Reason
	switch {
	case u.More == 1:
		text += " (and 1 more line)"
	case u.More > 1:
		text += fmt.Sprintf(" (and %d more lines)", u.More)
	}
	return text
}

const maxUnread = 20

// Reasons for which a file is not read, whatever is in it.
const (
	NoSuchFile  = "there is no such file"
	MayNotRead  = "this user may not read it"
	EmptyFolder = "it is an empty folder"
)

// skipReason says why a file or a folder cannot be read. Its name stands beside the reason.
func skipReason(err error) string {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return NoSuchFile
	case errors.Is(err, fs.ErrPermission):
		return MayNotRead
	}
	return reasonOf(err)
}

// unreadPath is a path that cannot be read at all.
type unreadPath struct {
	path string
	err  error
}

// unreadPaths are an error where nothing else can be read.
type unreadPaths []unreadPath

func (u unreadPaths) Error() string {
	var all []string
	for _, p := range u {
		all = append(all, nameOf(p.path)+": "+skipReason(p.err))
	}
	return strings.Join(all, "; ")
}

func (u unreadPaths) Unwrap() (all []error) {
	for _, p := range u {
		all = append(all, p.err)
	}
	return all
}

// nameOf is a path as messages name it.
func nameOf(path string) string {
	if path == Stdin {
		return "standard input"
	}
	return path
}

// noteUnread notes how many lines the report lacks, and why the most of them: counts and rates are of the rest.
func (b *Bundle) noteUnread() {
	most, lines := -1, 0
	for i, u := range b.Unread {
		if u.Line > 0 {
			lines += 1 + u.More
			if most < 0 || u.More > b.Unread[most].More {
				most = i
			}
		}
	}
	switch {
	case most < 0:
	case b.Bad == 1:
		b.note("1 line could not be read, or not wholly: " + b.Unread[most].String())
	default:
		b.note(fmt.Sprintf("%d lines could not be read, or not wholly: %s", max(b.Bad, lines), b.Unread[most]))
	}
}

// Printable escapes what a terminal would act upon, or break a line at: a stranger who named a file or sent a request chose
// these bytes.
func Printable(s string) string {
	if utf8.ValidString(s) && strings.IndexFunc(s, func(r rune) bool { return !strconv.IsPrint(r) }) < 0 {
		return s
	}
	quoted := strconv.Quote(s)
	return strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`)
}

// skip notes what could not be read. A line of 0 is the whole file.
func (b *Bundle) skip(name string, line int, reason string) {
	name, reason = Printable(name), Printable(reason)
	if line > 0 {
		b.Bad++
		if i := slices.IndexFunc(b.Unread, func(u Unread) bool { return u.Line > 0 && u.Reason == reason }); i >= 0 {
			b.Unread[i].More++
			return
		}
	}
	u := Unread{File: name, Line: line, Reason: reason}
	if len(b.Unread) < maxUnread && !slices.Contains(b.Unread, u) { // files are looked at more than once
		b.Unread = append(b.Unread, u)
	}
}
