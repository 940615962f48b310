package report

// WhatIf says what changes of settings would have done to the failures of this window: exact where it can be replayed,
// bounded where only limits are known, unknown where the evidence cannot say. A failure that several changes would
// have saved counts once in Together.
type WhatIf struct {
	Savings  []Saving `json:"savings"`
	Together [2]int   `json:"together"` // failures and recovered ones that at least one of them removes
}

// Saving is one change.
type Saving struct {
	Setting string `json:"setting"` // requestTimeout, backendIdleTimeout, probe, retry, member, instances
	Scope   Scope  `json:"scope"`
	From    string `json:"from,omitempty"`
	To      string `json:"to,omitempty"`
	Removes [2]int `json:"removes"` // failures and recovered ones, at least and at most
	Adds    int    `json:"adds"`    // requests that went well and would have failed
	Basis   string `json:"basis"`   // exact, bounded, unknown
	Note    string `json:"note"`
}
