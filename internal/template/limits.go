package template

// A template comes from anybody, so that everything it can ask for has a bound. Azure's own are 4 MB for a template, 800
// turns for a loop and 24,576 characters for an expression.
const (
	maxLevels = 512     // of JSON and of expressions, together with what they refer to
	maxLoop   = 800     // turns of a loop
	maxRange  = 10000   // elements that range() makes
	maxWork   = 4 << 20 // steps: values made, elements looked at, bytes of text made divided by 16
	maxNested = 5       // deployments within deployments
)
