package inference

import (
	"strings"
)

// Analyzer is one cause that may be at work. It is a file of its own, named like the cause.
type Analyzer struct {
	Name     string   // id; what it is easily taken for stands in the catalogue
	Requires Evidence // evidence without which it is not looked at
	Doc      string   // what decides, in a sentence
	Run      func(*Case)
}

// Evidence says which evidence an analyzer cannot do without.
type Evidence uint8

const (
	Log      Evidence = 1 << iota // access records of any kind
	Trace                         // access records with Causeway's object
	Document                      // of the gateway
	Health                        // backend health
	Metrics
	Activity
)

var evidenceNames = []string{"access log", "trace", "gateway document", "backend health", "metrics", "activity log"}

// String lists what is needed.
func (n Evidence) String() string {
	var out []string
	for i, name := range evidenceNames {
		if n&(1<<i) != 0 {
			out = append(out, name)
		}
	}
	return strings.Join(out, ", ")
}
