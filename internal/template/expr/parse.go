package expr

import (
	"encoding/json"
	"strings"
)

// Node is a parsed expression: a literal, a call, or an access to a member of another.
type Node interface{}

// Literal is a text in single quotes, or a number.
type Literal struct{ Value any }

// Call is a function with its arguments.
type Call struct {
	Name string // as written; upper and lower case are one
	Args []Node
}

// Access is .name, [index], or, with a question mark, either of them with null where there is none.
type Access struct {
	Of, Key Node
	Safe    bool
}

// IsExpression reports whether a string of a template is an expression; [[ begins a plain text with a bracket.
func IsExpression(s string) bool {
	return strings.HasPrefix(s, "[") && strings.HasSuffix(s, "]") && !strings.HasPrefix(s, "[[")
}

// Parse reads what stands between the brackets of an expression.
func Parse(s string) (Node, error) {
	if len(s) > maxExpression {
		return nil, Wrong("split it with variables", "the expression has %d characters, at most %d are allowed", len(s), maxExpression)
	}
	p := &parser{in: s}
	n, err := p.expression(0)
	if err != nil {
		return nil, err
	}
	if p.space(); p.at < len(p.in) {
		return nil, p.bad("the expression ends before %s", p.here())
	}
	return n, nil
}

type parser struct {
	in string
	at int
}

func (p *parser) bad(format string, args ...any) error {
	return Wrong("an expression is a function with its arguments, as in [concat('a', parameters('b'))]; texts stand in single quotes", format,
		args...)
}

// here quotes what stands at the current position, for a message.
func (p *parser) here() string {
	rest := []rune(p.in[p.at:])
	if len(rest) > 20 {
		rest = append(rest[:20], '…')
	}
	return Quote(string(rest))
}

func (p *parser) space() {
	for p.at < len(p.in) && strings.IndexByte(" \t\r\n", p.in[p.at]) >= 0 {
		p.at++
	}
}

// take consumes c after any space, if it is there.
func (p *parser) take(c byte) bool {
	p.space()
	if p.at < len(p.in) && p.in[p.at] == c {
		p.at++
		return true
	}
	return false
}

func (p *parser) expression(depth int) (Node, error) {
	if depth > MaxDepth {
		return nil, p.bad("the expression nests deeper than %d levels", MaxDepth)
	}
	n, err := p.primary(depth)
	for links := 0; err == nil && links <= MaxDepth; links++ {
		var more bool
		if n, more, err = p.postfix(n, depth); !more {
			return n, err
		}
	}
	if err == nil {
		err = p.bad("more than %d members of members", MaxDepth)
	}
	return nil, err
}

func (p *parser) primary(depth int) (Node, error) {
	p.space()
	switch {
	case p.at == len(p.in):
		return nil, p.bad("the expression ends too early")
	case p.in[p.at] == '\'':
		return p.text()
	case isDigit(p.in[p.at]) || p.in[p.at] == '-' || p.in[p.at] == '+':
		return p.number()
	case isLetter(p.in[p.at]):
		return p.call(depth)
	}
	return nil, p.bad("%s is neither a function nor a text nor a number", p.here())
}

func (p *parser) text() (Node, error) {
	var b strings.Builder
	for p.at++; p.at < len(p.in); p.at++ {
		if c := p.in[p.at]; c != '\'' {
			b.WriteByte(c)
			continue
		}
		p.at++
		if p.at == len(p.in) || p.in[p.at] != '\'' { // a doubled quote is one inside the text
			return Literal{b.String()}, nil
		}
		b.WriteByte('\'')
	}
	return nil, p.bad("a text has no closing quote")
}

func (p *parser) number() (Node, error) {
	start := p.at
	for p.at++; p.at < len(p.in) && (isDigit(p.in[p.at]) || p.in[p.at] == '.'); p.at++ {
	}
	digits := strings.TrimPrefix(p.in[start:p.at], "+")
	if !json.Valid([]byte(digits)) {
		return nil, p.bad("%s is not a number", Quote(digits))
	}
	return Literal{json.Number(digits)}, nil
}

// call reads a function with its arguments. Functions of the template's own have a namespace and a dot.
func (p *parser) call(depth int) (Node, error) {
	name := p.word()
	for p.at < len(p.in) && p.in[p.at] == '.' {
		p.at++
		name += "." + p.word()
	}
	c := &Call{Name: name}
	if !p.take('(') {
		return nil, p.bad("%s is not followed by its arguments in parentheses", Quote(name))
	}
	if p.take(')') {
		return c, nil
	}
	for {
		arg, err := p.expression(depth + 1)
		if err != nil {
			return nil, err
		}
		c.Args = append(c.Args, arg)
		if p.take(')') {
			return c, nil
		}
		if !p.take(',') {
			return nil, p.bad("a comma or a closing parenthesis is missing after an argument of %s", Quote(name))
		}
	}
}

// postfix reads one access to a member, if there is one.
func (p *parser) postfix(of Node, depth int) (_ Node, more bool, err error) {
	switch {
	case p.take('.'):
		safe := p.take('?')
		p.space()
		name := p.word()
		if name == "" {
			return nil, false, p.bad("a name is missing after a dot")
		}
		return &Access{of, Literal{name}, safe}, true, nil
	case p.take('['):
		safe := p.take('?')
		key, err := p.expression(depth + 1)
		if err != nil {
			return nil, false, err
		}
		if !p.take(']') {
			return nil, false, p.bad("a closing bracket is missing after an index")
		}
		return &Access{of, key, safe}, true, nil
	}
	return of, false, nil
}

func (p *parser) word() string {
	start := p.at
	for p.at < len(p.in) && (isLetter(p.in[p.at]) || isDigit(p.in[p.at])) {
		p.at++
	}
	return p.in[start:p.at]
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' || c == '_' || c == '$' }
