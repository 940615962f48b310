package template

import "causeway/internal/template/expr"

// special is a function that chooses which of its arguments to evaluate, or looks at where it stands.
type special struct {
	least, most int // arguments; most below 0: any number
	eval        func(e env, args []expr.Node) (any, error)
}

// specialTable is filled by init because its functions evaluate expressions, which look into the table.
var specialTable map[string]special

func init() {
	specialTable = map[string]special{
		"if":              {3, 3, choose},
		"and":             {2, -1, func(e env, args []expr.Node) (any, error) { return decide(e, args, false) }},
		"or":              {2, -1, func(e env, args []expr.Node) (any, error) { return decide(e, args, true) }},
		"parameters":      {1, 1, named(env.parameter)},
		"variables":       {1, 1, named(env.variable)},
		"lambdavariables": {1, 1, named(env.local)},
		"copyindex":       {0, 2, copyIndex},
		"reference":       {1, 3, reference},
		"newguid":         {0, 0, newGUID},
		"utcnow":          {0, 1, utcNow},
		"fail":            {0, 1, failed},
		"references":      {1, 3, references},
		"resourceinfo":    {1, 1, resourceInfo},
	}
	for name, f := range lambdaTable {
		specialTable[name] = f
	}
}

// choose is if(): the branch not taken is never looked at, so that what is wrong in it does no harm.
func choose(e env, args []expr.Node) (any, error) {
	v, err := e.eval(args[0])
	if err != nil || expr.IsUnknown(v) {
		return v, err
	}
	on, ok := expr.AsBool(v)
	switch {
	case !ok:
		return nil, expr.Wrong("compare with equals()", "the condition of if() is %s", expr.KindOf(v))
	case on:
		return e.eval(args[1])
	}
	return e.eval(args[2])
}

// decide is and() and or(): it ends at the first argument that settles the answer.
func decide(e env, args []expr.Node, settled bool) (any, error) {
	var open any = !settled
	for _, n := range args {
		v, err := e.eval(n)
		if err != nil {
			return nil, err
		}
		on, ok := expr.AsBool(v)
		switch {
		case expr.IsUnknown(v):
			open = v
		case !ok:
			return nil, expr.Wrong("compare with equals()", "and() and or() take true or false, not %s", expr.KindOf(v))
		case on == settled:
			return settled, nil
		}
	}
	return open, nil
}

// named is a function whose only argument is a name.
func named(get func(env, string) (any, error)) func(env, []expr.Node) (any, error) {
	return func(e env, args []expr.Node) (any, error) {
		v, err := e.eval(args[0])
		if err != nil || expr.IsUnknown(v) {
			return v, err
		}
		name, ok := v.(string)
		if !ok {
			return nil, expr.Wrong("write the name in single quotes", "the name is %s", expr.KindOf(v))
		}
		return get(e, name)
	}
}

func copyIndex(e env, args []expr.Node) (any, error) {
	name, offset := "", int64(0)
	for _, n := range args {
		v, err := e.eval(n)
		if err != nil || expr.IsUnknown(v) {
			return v, err
		}
		if i, ok := expr.AsInteger(v); ok {
			offset = i
			continue
		}
		name, _ = v.(string)
	}
	i, ok := e.index(name)
	if !ok {
		return nil, expr.Wrong("use it inside of the loop that it names", "copyIndex() stands in no loop %s", expr.Quote(name))
	}
	return expr.Number(i + offset), nil
}

// failed is fail(MESSAGE): the template itself refuses what it is given.
func failed(e env, args []expr.Node) (any, error) {
	if len(args) == 0 {
		return nil, expr.Wrong("write fail('MESSAGE')", "fail() without a message is not known here")
	}
	v, err := e.eval(args[0])
	if err != nil {
		return nil, err
	}
	return nil, expr.Wrong("give the template what its message asks for", "the template refuses: %s", expr.Quote(expr.TextOf(v)))
}
