package kql

import (
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// parser reads tokens one after the other. The first error stays.
type parser struct {
	text  string
	at    int    // behind the token
	token string // as it stands in the text; empty: the end
	err   error
	now   time.Time
}

// next goes on to the next token.
func (p *parser) next() {
	for p.at < len(p.text) && strings.IndexByte(" \t\r\n", p.text[p.at]) >= 0 {
		p.at++
	}
	begin := p.at
	if begin < len(p.text) {
		p.at += tokenLength(p.text[begin:])
	}
	p.token = p.text[begin:p.at]
}

// tokenLength is the length of the token at the beginning of text: a word, a number, a text in quotes, or a sign.
func tokenLength(text string) int {
	switch c := text[0]; {
	case isWord(c):
		return wordLength(text)
	case c == '\'' || c == '"':
		for i := 1; i < len(text); i++ {
			switch text[i] {
			case '\\':
				i++
			case c:
				return i + 1
			}
		}
		return len(text)
	}
	for _, sign := range []string{"==", "=~", "<=", ">="} {
		if strings.HasPrefix(text, sign) {
			return len(sign)
		}
	}
	_, n := utf8.DecodeRuneInString(text)
	return n
}

func wordLength(text string) int {
	for i := range len(text) {
		if !isWord(text[i]) {
			return i
		}
	}
	return len(text)
}

func isWord(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
}

// fail reports that the token is none that could stand here.
func (p *parser) fail(want string) {
	if p.err == nil {
		p.err = &Error{shortened(p.token), want}
	}
}

func shortened(part string) string {
	const longest = 60
	if len(part) > longest {
		return strings.ToValidUTF8(part[:longest], "") + "…"
	}
	return part
}

// oneOf passes over a token that must be one of several.
func (p *parser) oneOf(want string, tokens ...string) bool {
	if p.err != nil {
		return false
	}
	if p.token == "" || !slices.Contains(tokens, p.token) {
		p.fail(want)
		return false
	}
	p.next()
	return true
}

func (p *parser) expect(sign string) { p.oneOf(strconv.Quote(sign), sign) }

// word reads a name.
func (p *parser) word(want string) string {
	word := p.token
	if p.err != nil || word == "" || !isWord(word[0]) || word[0] >= '0' && word[0] <= '9' {
		p.fail(want)
		return ""
	}
	p.next()
	return word
}

func (p *parser) number(want string) int {
	n, err := strconv.Atoi(p.token)
	if p.err != nil || err != nil || n < 0 {
		p.fail(want)
		return 0
	}
	p.next()
	return n
}

// literal reads a text in single or double quotes.
func (p *parser) literal() string {
	const want = "a text in quotes"
	text := p.token
	if p.err != nil || len(text) < 2 || text[0] != '\'' && text[0] != '"' || text[len(text)-1] != text[0] {
		p.fail(want)
		return ""
	}
	var out strings.Builder
	for i := 1; i < len(text)-1; i++ {
		if text[i] == '\\' {
			if i++; strings.IndexByte(`\'"`, text[i]) < 0 || i == len(text)-1 {
				p.fail(want)
				return ""
			}
		}
		out.WriteByte(text[i])
	}
	p.next()
	return out.String()
}

// parenthesis reads what stands between ( and ).
func (p *parser) parenthesis() string {
	if p.err == nil && p.token != "(" {
		p.fail(`"("`)
	}
	end := strings.IndexByte(p.text[p.at:], ')')
	if p.err == nil && end < 0 {
		p.at, p.token = len(p.text), ""
		p.fail(`")"`)
	}
	if p.err != nil {
		return ""
	}
	inner := strings.TrimSpace(p.text[p.at : p.at+end])
	p.at += end + 1
	p.next()
	return inner
}
