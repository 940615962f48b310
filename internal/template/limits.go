package template

import "fmt"

// A template comes from anybody, so that everything it can ask for has a bound. Azure's own are 4 MB for a template, 800
// turns for a loop and 24,576 characters for an expression.
const (
	maxDepth      = 64       // levels of JSON and of an expression
	maxLevels     = 512      // the same together with what refers to what
	maxText       = 16 << 20 // bytes of what a template makes
	maxLoop       = 800      // turns of a loop
	maxExpression = 24576    // bytes of an expression
	maxRange      = 10000    // elements that range() makes
	maxWork       = 4 << 20  // steps: values made, elements looked at, bytes of text made divided by 16
	maxNested     = 5        // deployments within deployments
)

// Error says that a template asks for more than any gateway needs, or is none.
type Error struct{ Message, Hint string }

func (e *Error) Error() string { return e.Message }

func limitError(format string, args ...any) error {
	return &Error{fmt.Sprintf(format, args...), "give the template of one gateway; the limits are those of Azure's own template engine, about"}
}

// exprError is what is wrong with one expression. The rest of the template goes on.
type exprError struct{ message, hint string }

func (e *exprError) Error() string { return e.message }

func wrong(hint, format string, args ...any) error {
	return &exprError{fmt.Sprintf(format, args...), hint}
}
