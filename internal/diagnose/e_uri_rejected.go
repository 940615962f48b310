package diagnose

import (
	"fmt"
	"strings"
)

var rejectedAddresses = hypothesis{
	cause: "e-uri-rejected", needs: theTrace,
	test: "paths to different parts of the application that have one odd thing in common are never answered, each ends the connection, and the same members answer paths without it",
	look: rejectedAddress,
}

// oddity is what some servers refuse in an address and others take.
type oddity struct {
	name string
	has  func(path string) bool
}

// oddities are those of RFC 3986: characters that must be encoded (section 2), encoded delimiters (section 2.2), and
// segments that are resolved before use (section 5.2.4).
var oddities = []oddity{
	{"a character that must be encoded", func(p string) bool { return strings.ContainsFunc(p, unencoded) }},
	{"an encoded slash or backslash", anyOf("%2f", "%5c")},
	{"an encoded zero", anyOf("%00")},
	{"an encoded per cent sign", anyOf("%25")},
	{"a dot segment", anyOf("/./", "/../", "%2e")},
	{"an empty segment", anyOf("//")},
	{"a semicolon", anyOf(";", "%3b")},
}

func unencoded(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune("\"<>\\^`{|}[]", r) }

func anyOf(parts ...string) func(string) bool {
	return func(path string) bool {
		path = strings.ToLower(path)
		for _, part := range parts {
			if strings.Contains(path, part) {
				return true
			}
		}
		return false
	}
}

// rejectedAddress: the server's parser does not take the address, wherever it leads. A crash in the code behind one path
// spares other paths that look as odd.
func rejectedAddress(q *inquiry) {
	for _, odd := range oddities {
		settings, groups := groupBy(q.unclaimed(func(e *event) bool { return e.own && e.closedUnanswered() && odd.has(e.path) }), func(e *event) string { return e.settings })
		for _, s := range settings {
			events := groups[s]
			paths, _ := groupBy(events, func(e *event) string { return e.path })
			with, without := q.answersBy(s, odd)
			places, _ := groupBy(events, func(e *event) string { return firstSegment(e.path) })
			if len(events) < minEvents || len(places) < 2 || with > 0 || without < enoughAnswers || 10*q.accompanied(events) < 9*len(events) {
				continue
			}
			f := q.claim("e-uri-rejected", events, scopeOf(events), High)
			f.says("access-log", fmt.Sprintf("no request with %s in its path was answered: %d attempts at %s, each ended by the member before a byte of an answer", odd.name, len(events), someOf(paths)), events...)
			f.says("access-log", fmt.Sprintf("under the same settings %d requests without it were answered, at those times too", without))
			f.excludes("c-restart", "the members answered other requests at those times")
			f.excludes("g-crash-on-input", "the paths lead to different parts of the application, and have only this in common")
			f.may("e-request-header-too-big")
			f.expect("backend", len(events), len(events), "bounded", "once the members answer such addresses; with what status is another question")
			q.fill(map[string]string{"address": address(events)}, f)
		}
	}
}

// oddIn names what is odd in a path; empty if nothing is.
func oddIn(path string) string {
	for _, odd := range oddities {
		if odd.has(path) {
			return odd.name
		}
	}
	return ""
}

// answersBy counts the answers to paths with and without an oddity.
func (q *inquiry) answersBy(settings string, odd oddity) (with, without int) {
	for k, r := range q.routes {
		switch {
		case k.settings != settings:
		case odd.has(k.path):
			with += r.answered
		default:
			without += r.answered
		}
	}
	return with, without
}

func firstSegment(path string) string {
	first, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	return first
}

// someOf lists the first few of many.
func someOf(all []string) string {
	const few = 3
	if len(all) > few {
		return fmt.Sprintf("%s and %d more", strings.Join(all[:few], ", "), len(all)-few)
	}
	return strings.Join(all, ", ")
}
