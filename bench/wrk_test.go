package main

import (
	"testing"
	"time"
)

const printed = `Running 2s test @ http://127.0.0.1:29100/1k
  1 threads and 64 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     2.31ms  512.03us  11.02ms   91.23%
    Req/Sec    27.60k     1.27k   29.75k    70.00%
  Latency Distribution
     50%    2.20ms
     75%    2.40ms
     90%  980.00us
     99%    1.02s 
  54911 requests in 2.00s, 67.03MB read
  Socket errors: connect 1, read 2, write 3, timeout 4
  Non-2xx or 3xx responses: 5
Requests/sec:  27448.30
Transfer/sec:     33.51MB
`

func TestParse(t *testing.T) {
	got, err := parse(printed)
	want := sample{requests: 54911, rate: 27448.30, p50: 2200 * time.Microsecond, p99: 1020 * time.Millisecond, errors: 15}
	if err != nil || got != want {
		t.Errorf("%+v, %v; want %+v", got, err, want)
	}
	if _, err := parse("unable to connect"); err == nil {
		t.Error("a text without a count passed for a result")
	}
}
