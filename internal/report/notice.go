package report

// Notice is something in the document or in the state of the gateway that will fail requests, or may, whether or not it
// has done so yet.
type Notice struct {
	Cause string `json:"cause"`
	Scope Scope  `json:"scope"`
	Fact  string `json:"fact"`
	Do    string `json:"do"`
}
