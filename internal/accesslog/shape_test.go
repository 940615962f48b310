package accesslog

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
)

// checkShape holds what a decoder that has read other lines makes of a line against what the scanner alone does.
func checkShape(t *testing.T, d *Decoder, line []byte) {
	t.Helper()
	var alone Decoder
	row, err := d.Row(line)
	want, wantErr := alone.Row(line)
	if (err == nil) != (wantErr == nil) || err != nil && err.Error() != wantErr.Error() {
		t.Fatalf("%s\n%v, alone %v", line, err, wantErr)
	}
	if err != nil {
		return
	}
	for f := Own + 1; f < numFields; f++ {
		if string(row.Text(f)) != string(want.Text(f)) || row.Has(f) != want.Has(f) || string(row.values[f]) != string(want.values[f]) {
			t.Fatalf("%s\nfield %d is %q, alone %q", line, f, row.Text(f), want.Text(f))
		}
	}
	if string(row.own) != string(want.own) {
		t.Fatalf("%s\nown object %s, alone %s", line, row.own, want.own)
	}
	var r, wantRecord Record
	own, err := d.Record(row, &r)
	wantOwn, wantErr := alone.Record(want, &wantRecord)
	if own != wantOwn || !errors.Is(err, wantErr) && err.Error() != wantErr.Error() || !reflect.DeepEqual(r, wantRecord) {
		t.Fatalf("%s\n%+v, %v\nalone %+v, %v", line, r, err, wantRecord, wantErr)
	}
}

// shapeLines are rows in the clothes that exports have, with every kind of value.
var shapeLines = []string{
	`{"timeStamp":"2026-11-23T09:00:01+00:00","resourceId":"\/SUBSCRIPTIONS\/S","backendPoolName":"web","operationName":"ApplicationGatewayAccess","category":"ApplicationGatewayAccessLog","properties":{"instanceId":"appgw_0","clientIP":"203.0.113.9","clientPort":4711,"httpMethod":"GET","requestUri":"\/a b","userAgent":"Mozilla\/5.0 (\"X\")","httpStatus":502,"timeTaken":0.034,"transactionId":"592d0000000000000000000000000001","WAFMode":"","serverRouted":"10.0.0.4:80, 10.0.0.5:80","serverStatus":"-, 200","serverResponseLatency":"0.028, 0.1","contentType":"application\/json"}}`,
	`{"time":"2026-11-23T09:00:01.5Z","properties":{"clientPort":-,"httpStatus":"502","timeTaken":"34","instanceId":"ApplicationGatewayRole_IN_0","requestQuery":"a=1&X-AzureApplicationGateway-CACHE-HIT=0&SERVER-ROUTED=10.0.0.4&X-AzureApplicationGateway-LOG-ID=592d0000-0000-0000-0000-000000000001&SERVER-STATUS=502"},"category":"ApplicationGatewayAccessLog",}`,
	`{ "TimeGenerated": "2026-11-23T10:00:00Z", "Category": "ApplicationGatewayAccessLog", "instanceId_s": "appgw_0", "httpStatus_d": 502.0, "list": [1, "]", {"a": "}"}], "nothing": null, "AdditionalFields": {"upstreamSourcePort_s": "21564", "x": {"y": {}}}, "host_s": "a\\" } ,`,
	`{"category":"ApplicationGatewayAccessLog","time":"2026-11-23T09:00:01Z","properties":"{\"httpStatus\":200,\"clientIP\":\"1.2.3.4\"}"}`,
	`{"category":"ApplicationGatewayAccessLog","time":"2026-11-23T09:00:01Z","httpStatus":200,"httpStatus":404,"time":"2026-11-23T09:00:02Z"}`,
	`{"category":"ApplicationGatewayFirewallLog","time":"2026-11-23T09:00:01Z","properties":{"ruleId":"949110","action":"Blocked","message":"a\u0020b"}}`,
}

// Whatever is changed in a line whose shape is known, it is read as if none were.
func TestShapesChangeNothing(t *testing.T) {
	own := success()
	random := rand.New(rand.NewPCG(1, 2))
	for _, text := range append(shapeLines, string(own.Append(nil))) {
		var d Decoder
		for range 3000 {
			line := []byte(text)
			for range random.IntN(4) {
				line = mutate(random, line)
			}
			checkShape(t, &d, line)
		}
	}
}

// mutate changes a byte to one that means something to JSON, or to a log.
func mutate(random *rand.Rand, line []byte) []byte {
	const bytes = `"\{}[],:-. 01279aZ/u` + "\n\t\x00\xff"
	at, c := random.IntN(len(line)), bytes[random.IntN(len(bytes))]
	switch random.IntN(4) {
	case 0:
		return append(line[:at], line[at+1:]...)
	case 1:
		return append(line[:at], append([]byte{c}, line[at:]...)...)
	}
	line[at] = c
	return line
}

// Lines of several shapes stand among each other.
func TestShapesAmongEachOther(t *testing.T) {
	var d Decoder
	for i := range 500 {
		line := strings.Replace(shapeLines[i*i%len(shapeLines)], "502", fmt.Sprint(200+i%5), 1)
		checkShape(t, &d, []byte(line))
	}
	if d.shapes.followed < 200 {
		t.Errorf("%d of 500 lines were read by their shape", d.shapes.followed)
	}
}

// A log in which every line has another shape is not learned for ever.
func TestShapesAreGivenUp(t *testing.T) {
	var d Decoder
	for i := range 1000 {
		checkShape(t, &d, fmt.Appendf(nil, `{"time":"2026-11-23T09:00:01Z","key%d":1,"httpStatus":200,"timeTaken":1}`, i))
	}
	if d.shapes.made > maxMade+1 || len(d.shapes.known) > maxShapes {
		t.Errorf("%d shapes were made, %d are known", d.shapes.made, len(d.shapes.known))
	}
}

// What a record holds stays what it is while further lines are read.
func TestRecordsOutliveShapes(t *testing.T) {
	var d Decoder
	var records [20]Record
	for i := range records {
		line := strings.Replace(shapeLines[0], "Mozilla", "M"+strings.Repeat("o", i/4), 1)
		if _, err := d.Decode([]byte(line), &records[i]); err != nil {
			t.Fatal(err)
		}
	}
	for i := range records {
		if want := "M" + strings.Repeat("o", i/4) + `/5.0 ("X")`; string(records[i].UserAgent) != want {
			t.Errorf("record %d has %q, want %q", i, records[i].UserAgent, want)
		}
	}
}
