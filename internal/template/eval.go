package template

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"causeway/internal/template/expr"
)

// run is one evaluation: the work it has done so far, and the problems it has found.
type run struct {
	work     int
	parsed   map[string]expr.Node
	problems []Problem
	seen     map[string]bool // problems by path and message
	reported [2]int          // warnings, errors

	place   *Place   // nil: the template is read, not deployed
	secrets []string // values of parameters of a secure type, where it is deployed
}

// mostProblems of each severity are enough to know what to do, and bound what a hostile template can fill.
const mostProblems = 1000

// spend counts steps, and ends the evaluation when it has taken too many.
func (r *run) spend(steps int) error {
	if r.work += 1 + steps; r.work > maxWork || steps < 0 {
		return expr.Limit("the template asks for more than %d steps of work", maxWork)
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
	root       *expr.Object // the template
	around     *around      // the deployment that the template is nested in; nil for the outermost
	parameters *expr.Object // as declared
	given      *expr.Object // values by name; of a nested template as the deployment writes them
	variables  *expr.Object
	functions  []any
	known      map[string]any  // values of parameters and variables, by kind and lower-case name
	under      map[string]bool // those being made now: meeting one again is a circle
	path       string          // of the template, "" or with a dot at the end
	nested     int             // deployments around it
	deploying  *Deployment     // whose resources reference() finds; nil: the template is read, not deployed
}

func newScope(r *run, path string, template, given *expr.Object, outer *around) *scope {
	functions, _ := template.Value("functions").([]any)
	s := &scope{
		run: r, root: template, around: outer, parameters: template.Object("parameters"), given: given,
		variables: template.Object("variables"),
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
	bound  *expr.Object   // arguments of a function of the template's own; it sees no others
}

// loop is one turn of a copy.
type loop struct {
	name  string
	index int64
}

func (e env) at(path string) env { e.path = path; return e }

func (e env) deeper() (env, error) {
	if e.depth++; e.depth > maxLevels {
		return e, expr.Limit("the template nests deeper than %d levels at %s", maxLevels, e.path)
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
	case *expr.Object:
		return e.object(v)
	}
	return v, nil
}

func (e env) object(o *expr.Object) (any, error) {
	out := &expr.Object{}
	for _, m := range o.Members {
		if loops, ok := copies(m); ok {
			if err := e.copyInto(out, loops); err != nil {
				return nil, err
			}
			continue
		}
		key, err := e.text(m.Key)
		if err != nil {
			return nil, err
		}
		v, err := e.at(expr.JoinPath(e.path, m.Key)).value(m.Value)
		if err != nil {
			return nil, err
		}
		out.Members = append(out.Members, expr.Member{Key: expr.TextOf(key), Value: v})
	}
	return out, nil
}

// text evaluates a string, which may be an expression.
func (e env) text(s string) (any, error) {
	switch {
	case strings.HasPrefix(s, "[["):
		return s[1:], nil
	case !expr.IsExpression(s):
		return s, nil
	}
	return e.mistaken(func(e env) (any, error) { return e.expression(s) }, expr.Quote(s)+" cannot be evaluated: ")
}

// mistakes evaluates something and reports what is wrong with it, which gives an unknown.
func (e env) mistakes(eval func(env) (any, error)) (any, error) { return e.mistaken(eval, "") }

func (e env) mistaken(eval func(env) (any, error), what string) (any, error) {
	v, err := eval(e)
	var bad *expr.Mistake
	if errors.As(err, &bad) {
		e.report(true, e.path, "TemplateExpressionInvalid", bad.Hint, "%s%s", what, bad.Message)
		return &expr.Unknown{Placeholder: expr.NotEvaluated, Failed: true}, nil
	}
	return v, err
}

func (e env) expression(s string) (any, error) {
	n, ok := e.parsed[s]
	if !ok {
		var err error
		if n, err = expr.Parse(s[1 : len(s)-1]); err != nil {
			return nil, err
		}
		e.parsed[s] = n
	}
	return e.eval(n)
}

func (e env) eval(n expr.Node) (any, error) {
	e, err := e.deeper()
	if err != nil {
		return nil, err
	}
	switch n := n.(type) {
	case expr.Literal:
		return n.Value, nil
	case *expr.Access:
		return e.access(n)
	case *expr.Call:
		return e.call(n)
	}
	return nil, expr.Wrong("", "it is empty")
}

func (e env) access(n *expr.Access) (any, error) {
	of, err := e.eval(n.Of)
	if err != nil {
		return nil, err
	}
	key, err := e.eval(n.Key)
	if err != nil {
		return nil, err
	}
	if u, is := of.(*expr.Unknown); is {
		return e.used(u), nil
	}
	if expr.IsUnknown(key) {
		return key, nil
	}
	v, found, err := e.element(of, key)
	switch {
	case err != nil:
		return nil, err
	case !found && n.Safe:
		return nil, nil
	case !found:
		return nil, missing(of, key)
	}
	return v, nil
}

// element is what of holds at key, a name or a position.
func (e env) element(of, key any) (v any, found bool, err error) {
	switch of := of.(type) {
	case *expr.Object:
		name, ok := key.(string)
		if !ok {
			return nil, false, expr.Wrong("write the name in single quotes", "an object has names, not positions")
		}
		v, found = of.Get(name)
		return v, found, e.spend(len(of.Members) / 16)
	case []any:
		i, ok := expr.AsInteger(key)
		if !ok {
			return nil, false, expr.Wrong("write a position, from 0", "a list has positions, not names")
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
	case *expr.Object:
		names := make([]string, 0, len(of.Members))
		for _, m := range of.Members {
			names = append(names, m.Key)
		}
		return expr.Wrong("it has: "+expr.Listing(names), "the object has no %s", expr.Quote(expr.TextOf(key)))
	case []any:
		return expr.Wrong("positions count from 0", "the list has %d elements and none at %s", len(of), expr.TextOf(key))
	}
	return expr.Wrong("only objects and lists have members", "%s has no member %s", expr.KindOf(of), expr.Quote(expr.TextOf(key)))
}

// call finds a function: those that choose what to evaluate come first, then the others, then the template's own.
func (e env) call(c *expr.Call) (any, error) {
	name := strings.ToLower(strings.TrimPrefix(strings.ToLower(c.Name), "sys."))
	if special, ok := specialTable[name]; ok {
		if err := arguments(c.Name, len(c.Args), special.least, special.most); err != nil {
			return nil, err
		}
		return special.eval(e, c.Args)
	}
	f, ok := functionTable[name]
	switch {
	case ok:
		return e.callTable(c, f)
	case strings.Contains(name, "."):
		args, err := e.evalAll(c.Args)
		if err != nil {
			return nil, err
		}
		return e.own(name, args)
	case strings.HasPrefix(name, "list"):
		return e.secret(c.Name+"()", "write the value itself in its place"), nil
	case name == "lambda":
		return nil, expr.Wrong("write it as an argument of map(), filter() or reduce()", "a lambda stands where no function takes one")
	}
	// Its arguments stay as they are: what is wrong with them may come of the function alone.
	return nil, expr.Wrong("write the value that it has for you in its place", "the function %s is not known here", expr.Quote(c.Name))
}

func (e env) callTable(c *expr.Call, f function) (any, error) {
	if err := arguments(c.Name, len(c.Args), f.least, f.most); err != nil {
		return nil, err
	}
	args, err := e.evalAll(c.Args)
	if err != nil {
		return nil, err
	}
	if !f.takesUnknown {
		for _, a := range args {
			if expr.IsUnknown(a) {
				return a, nil
			}
		}
	}
	return f.eval(e, args)
}

func (e env) evalAll(nodes []expr.Node) ([]any, error) {
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
		return expr.Wrong("see the list of Azure's template functions", "%s does not take %d arguments", expr.Quote(name), n)
	}
	return nil
}
