package conn

// silentList holds clients that wait, in the order in which they fell silent.
type silentList struct{ first, last *sock }

func (q *silentList) pushBack(s *sock) {
	s.list, s.ahead, s.behind = q, q.last, nil
	if q.last == nil {
		q.first = s
	} else {
		q.last.behind = s
	}
	q.last = s
}

// unlist takes s out of its list, if it is in one.
func (s *sock) unlist() {
	q := s.list
	if q == nil {
		return
	}
	if s.ahead == nil {
		q.first = s.behind
	} else {
		s.ahead.behind = s.behind
	}
	if s.behind == nil {
		q.last = s.ahead
	} else {
		s.behind.ahead = s.ahead
	}
	s.list, s.ahead, s.behind = nil, nil, nil
}
