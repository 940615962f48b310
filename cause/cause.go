// Package cause is the catalogue of the reasons behind failed requests: what happens, what it looks like, what it is
// easily taken for, and what cures it on either side.
package cause

// Cause is one reason. Texts may hold {names} that a finding fills in: pool, settings, member, address, gateway, group,
// timeout, newTimeout, idle, newIdle, backendIdle.
type Cause struct {
	ID        string
	Title     string
	Mechanism string   // how it comes to fail requests
	Evidence  string   // what shows it
	Rivals    []string // ids that look alike
	Separate  string   // what tells the rivals apart
	Disproof  string   // one observation that would refute it
	Fixes     []Fix
}

// Fix is one change that cures a cause, on one side. A command is empty where that side has no such setting.
type Fix struct {
	Side       string // backend, gateway, client
	Change     string
	AzCLI      string
	PowerShell string
	Portal     string
	Causeway   string
}

// Find returns a cause by id; nil if there is none.
func Find(id string) *Cause {
	for _, list := range [][]Cause{all, rivals} {
		for i := range list {
			if list[i].ID == id {
				return &list[i]
			}
		}
	}
	return nil
}

// All returns the causes that a diagnosis can name, in the order of their groups; Rivals those that it only names as
// what else it may be.
func All() []Cause { return append([]Cause(nil), all...) }

// Rivals returns the causes that a diagnosis never names as its finding.
func Rivals() []Cause { return append([]Cause(nil), rivals...) }
