package inference

import (
	"strings"
)

// Analyzer recognises one cause. It has a file of its own, named like the cause.
type Analyzer struct {
	Name     string   // id of the cause; the catalogue lists its rivals
	Requires Evidence // evidence without which it does not run
	Doc      string   // what decides, in a sentence
	Run      func(*Case)
}

// Evidence is a set of the kinds of evidence, as bits.
type Evidence uint8

// The kinds of evidence that an analyzer may require.
const (
	Log      Evidence = 1 << iota // access records of any kind
	Trace                         // access records with Causeway's object
	Document                      // of the gateway
	Health                        // backend health
	Metrics                       // of the gateway
	Activity                      // the activity log
	Connects                      // access records that show whether a connection to the member was established
)

var evidenceNames = []string{
	"access log", "trace", "gateway document", "backend health", "metrics", "activity log",
	"trace or connect times",
}

// String lists the kinds of evidence, joined by commas.
func (n Evidence) String() string {
	var out []string
	for i, name := range evidenceNames {
		if n&(1<<i) != 0 {
			out = append(out, name)
		}
	}
	return strings.Join(out, ", ")
}
