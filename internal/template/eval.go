package template

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// run is one evaluation: what has been spent of its bounds, and what was found wrong.
type run struct {
	work     int
	parsed   map[string]node
	problems []Problem
	seen     map[string]bool // problems by path and message
	reported [2]int          // warnings, errors
}

// mostProblems of each severity are enough to know what to do, and bound what a hostile template can fill.
const mostProblems = 1000

// spend counts steps, and ends the evaluation when it has taken too many.
func (r *run) spend(steps int) error {
	if r.work += 1 + steps; r.work > maxWork || steps < 0 {
		return limitError("the template asks for more than %d steps of work", maxWork)
	}
	return nil
}

func (r *run) report(isError bool, path, code, hint, format string, args ...any) {
	p := Problem{path, code, fmt.Sprintf(format, args...), hint, isError}
	key := p.Path + "\x00" + p.Message
	count := &r.reported[0]
	if isError {
		count = &r.reported[1]
	}
	if !r.seen[key] && *count < mostProblems {
		*count++
		r.seen[key] = true
		r.problems = append(r.problems, p)
	}
}

// scope is what expressions of one template refer to.
type scope struct {
	*run
	root       *object // the template
	around     *around // the deployment that the template is nested in; nil for the outermost
	parameters *object // as declared
	given      *object // values by name; of a nested template as the deployment writes them
	variables  *object
	functions  []any
	known      map[string]any  // values of parameters and variables, by kind and lower-case name
	under      map[string]bool // those being made now: meeting one again is a circle
	path       string          // of the template, "" or with a dot at the end
	nested     int             // deployments around it
}

func newScope(r *run, path string, template, given *object, outer *around) *scope {
	functions, _ := template.value("functions").([]any)
	s := &scope{
		run: r, root: template, around: outer, parameters: template.object("parameters"), given: given, variables: template.object("variables"),
		functions: functions, known: map[string]any{}, under: map[string]bool{}, path: path,
	}
	if outer != nil {
		s.nested = outer.nested + 1
	}
	return s
}

// env is where an expression stands.
type env struct {
	*scope
	path   string
	depth  int
	loops  []loop         // innermost last
	locals map[string]any // arguments of lambdas
	bound  *object        // arguments of a function of the template's own; it sees no others
}

// loop is one turn of a copy.
type loop struct {
	name  string
	index int64
}

func (e env) at(path string) env { e.path = path; return e }

func (e env) deeper() (env, error) {
	if e.depth++; e.depth > maxLevels {
		return e, limitError("the template nests deeper than %d levels at %s", maxLevels, e.path)
	}
	return e, e.spend(0)
}

// value evaluates all expressions in v. The error is a limit; what else goes wrong is reported and gives an unknown.
func (e env) value(v any) (any, error) {
	e, err := e.deeper()
	if err != nil {
		return nil, err
	}
	switch v := v.(type) {
	case string:
		return e.text(v)
	case []any:
		out := make([]any, len(v))
		for i := range v {
			if out[i], err = e.at(e.path + "[" + strconv.Itoa(i) + "]").value(v[i]); err != nil {
				return nil, err
			}
		}
		return out, nil
	case *object:
		return e.object(v)
	}
	return v, nil
}

func (e env) object(o *object) (any, error) {
	out := &object{}
	for _, m := range o.members {
		if loops, ok := copies(m); ok {
			if err := e.copyInto(out, loops); err != nil {
				return nil, err
			}
			continue
		}
		key, err := e.text(m.key)
		if err != nil {
			return nil, err
		}
		v, err := e.at(join(e.path, m.key)).value(m.value)
		if err != nil {
			return nil, err
		}
		out.members = append(out.members, member{plain(key), v})
	}
	return out, nil
}

// text evaluates a string, which may be an expression.
func (e env) text(s string) (any, error) {
	switch {
	case strings.HasPrefix(s, "[["):
		return s[1:], nil
	case !isExpression(s):
		return s, nil
	}
	v, err := e.expression(s)
	var bad *exprError
	if errors.As(err, &bad) {
		e.report(true, e.path, "TemplateExpressionInvalid", bad.hint, "%s cannot be evaluated: %s", quoted(s), bad.message)
		return &unknown{placeholder: notEvaluated, failed: true}, nil
	}
	return v, err
}

func (e env) expression(s string) (any, error) {
	n, ok := e.parsed[s]
	if !ok {
		var err error
		if n, err = parseExpression(s[1 : len(s)-1]); err != nil {
			return nil, err
		}
		e.parsed[s] = n
	}
	return e.eval(n)
}

func (e env) eval(n node) (any, error) {
	e, err := e.deeper()
	if err != nil {
		return nil, err
	}
	switch n := n.(type) {
	case literal:
		return n.value, nil
	case *access:
		return e.access(n)
	case *call:
		return e.call(n)
	}
	return nil, wrong("", "it is empty")
}

func (e env) access(n *access) (any, error) {
	of, err := e.eval(n.of)
	if err != nil {
		return nil, err
	}
	key, err := e.eval(n.key)
	if err != nil {
		return nil, err
	}
	if u, is := of.(*unknown); is {
		return e.used(u), nil
	}
	if isUnknown(key) {
		return key, nil
	}
	v, found, err := e.element(of, key)
	switch {
	case err != nil:
		return nil, err
	case !found && n.safe:
		return nil, nil
	case !found:
		return nil, missing(of, key)
	}
	return v, nil
}

// element is what of holds at key, a name or a position.
func (e env) element(of, key any) (v any, found bool, err error) {
	switch of := of.(type) {
	case *object:
		name, ok := key.(string)
		if !ok {
			return nil, false, wrong("write the name in single quotes", "an object has names, not positions")
		}
		v, found = of.get(name)
		return v, found, e.spend(len(of.members) / 16)
	case []any:
		i, ok := integer(key)
		if !ok {
			return nil, false, wrong("write a position, from 0", "a list has positions, not names")
		}
		if i < 0 || i >= int64(len(of)) {
			return nil, false, nil
		}
		return of[i], true, nil
	}
	return nil, false, nil
}

func missing(of, key any) error {
	switch of := of.(type) {
	case *object:
		names := make([]string, 0, len(of.members))
		for _, m := range of.members {
			names = append(names, m.key)
		}
		return wrong("it has: "+listed(names), "the object has no %s", quoted(plain(key)))
	case []any:
		return wrong("positions count from 0", "the list has %d elements and none at %s", len(of), plain(key))
	}
	return wrong("only objects and lists have members", "%s has no member %s", kindOf(of), quoted(plain(key)))
}

// call finds a function: those that choose what to evaluate come first, then the others, then the template's own.
func (e env) call(c *call) (any, error) {
	name := strings.ToLower(strings.TrimPrefix(strings.ToLower(c.name), "sys."))
	if special, ok := specialTable[name]; ok {
		if err := arguments(c.name, len(c.args), special.least, special.most); err != nil {
			return nil, err
		}
		return special.eval(e, c.args)
	}
	f, ok := functionTable[name]
	switch {
	case ok:
		return e.callTable(c, f)
	case strings.Contains(name, "."):
		args, err := e.evalAll(c.args)
		if err != nil {
			return nil, err
		}
		return e.own(name, args)
	case strings.HasPrefix(name, "list"):
		return e.secret(c.name+"()", "write the value itself in its place"), nil
	case name == "lambda":
		return nil, wrong("write it as an argument of map(), filter() or reduce()", "a lambda stands where no function takes one")
	}
	// Its arguments stay as they are: what is wrong with them may come of the function alone.
	return nil, wrong("write the value that it has for you in its place", "the function %s is not known here", quoted(c.name))
}

func (e env) callTable(c *call, f function) (any, error) {
	if err := arguments(c.name, len(c.args), f.least, f.most); err != nil {
		return nil, err
	}
	args, err := e.evalAll(c.args)
	if err != nil {
		return nil, err
	}
	if !f.takesUnknown {
		for _, a := range args {
			if isUnknown(a) {
				return a, nil
			}
		}
	}
	return f.eval(e, args)
}

func (e env) evalAll(nodes []node) ([]any, error) {
	values := make([]any, len(nodes))
	for i, n := range nodes {
		var err error
		if values[i], err = e.eval(n); err != nil {
			return nil, err
		}
	}
	return values, nil
}

func arguments(name string, n, least, most int) error {
	if n < least || most >= 0 && n > most {
		return wrong("see the list of Azure's template functions", "%s does not take %d arguments", quoted(name), n)
	}
	return nil
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

func quoted(s string) string {
	if r := []rune(s); len(r) > 80 {
		s = string(r[:80]) + "…"
	}
	return strconv.Quote(s)
}

func listed(names []string) string {
	switch {
	case len(names) == 0:
		return "nothing"
	case len(names) > 12:
		return strings.Join(names[:12], ", ") + ", …"
	}
	return strings.Join(names, ", ")
}

func kindOf(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case bool:
		return "a bool"
	case json.Number:
		return "a number"
	case string:
		return "a string"
	case []any:
		return "a list"
	case *unknown:
		return "a value that is not known here"
	}
	return "an object"
}
