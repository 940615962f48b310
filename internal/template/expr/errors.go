// Package expr holds the values and the syntax of template expressions, and the functions that need nothing but their arguments.
package expr

import "fmt"

// Bounds of a value and of an expression.
const (
	MaxDepth      = 64       // levels of JSON and of an expression
	MaxText       = 16 << 20 // bytes of what a template makes
	maxExpression = 24576    // bytes of an expression
)

// Error says that a template asks for more than any gateway needs, or is none.
type Error struct{ Message, Hint string }

func (e *Error) Error() string { return e.Message }

// Limit is the error of a template that asks for too much.
func Limit(format string, args ...any) error {
	return &Error{
		fmt.Sprintf(format, args...),
		"give the template of one gateway; the limits are those of Azure's own template engine, about",
	}
}

// Mistake is what is wrong with one expression. The rest of the template goes on.
type Mistake struct{ Message, Hint string }

func (e *Mistake) Error() string { return e.Message }

// Wrong is the error of one expression, with a hint.
func Wrong(hint, format string, args ...any) error {
	return &Mistake{fmt.Sprintf(format, args...), hint}
}
