package traffic

import (
	"causeway/internal/fault"
)

// untried takes requests for which no member was picked out of all reasoning about members and their timeouts, in a log that names the
// member wherever one was: what took their time is something that the gateway does before.
func (s *Summary) untried() {
	if len(s.Members) == 0 {
		return
	}
	for _, e := range s.Events {
		if !e.Own && !e.v1 && !e.Tried && IsTimeout(e) && e.QuietInfo() {
			e.Fault = fault.Fault{Side: fault.Gateway, Kind: fault.Panicked}
		}
	}
}
