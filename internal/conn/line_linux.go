package conn

// line is a queue of clients that wait for something to say, in the order in which they fell silent.
type line struct{ first, last *sock }

func (q *line) join(s *sock) {
	s.in, s.ahead, s.behind = q, q.last, nil
	if q.last == nil {
		q.first = s
	} else {
		q.last.behind = s
	}
	q.last = s
}

// leave takes s out of the line in which it stands, if it does.
func (s *sock) leave() {
	q := s.in
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
	s.in, s.ahead, s.behind = nil, nil, nil
}
