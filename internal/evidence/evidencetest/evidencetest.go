// Package evidencetest writes logs of the access log in the many forms in which people export them.
package evidencetest

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/hamba/avro/v2/ocf"
	"github.com/xuri/excelize/v2"
)

// Write puts a text into a file below dir, with the folders that its name has, and returns the path.
func Write(t *testing.T, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// RowAt is a v2 record of a given second.
func RowAt(second int) string {
	return fmt.Sprintf(`{"timeStamp":"2026-11-23T09:00:%02d+00:00","resourceId":"/SUBSCRIPTIONS/S","backendPoolName":"web","backendSettingName":"http","operationName":"ApplicationGatewayAccess","category":"ApplicationGatewayAccessLog","properties":{"instanceId":"appgw_0","clientIP":"203.0.113.9","clientPort":40001,"httpMethod":"GET","requestUri":"\/a","httpStatus":502,"timeTaken":0.034,"transactionId":"592d16490000000000000000000000%02d","serverRouted":"10.0.0.4:80","serverStatus":"","serverResponseLatency":"0.028","error_info":"ERRORINFO_UPSTREAM_CLOSED_CONNECTION"}}`, second, second)
}

// ManyRows is three of them, a line each.
func ManyRows() string { return RowAt(1) + "\n" + RowAt(2) + "\n" + RowAt(3) + "\n" }

// The warehouse's log: four requests, one of which waited for half a minute. Every export of it must give these four.
var Warehouse = struct {
	Heading []string
	Rows    [][]string
}{
	[]string{
		"TimeGenerated", "ClientIp", "HttpMethod", "RequestUri", "HttpStatus", "TimeTaken", "SentBytes", "TransactionId",
		"ServerRouted", "ServerResponseLatency", "BackendPoolName",
	},
	[][]string{
		{
			"2026-11-20T08:07:05Z", "198.51.100.4", "GET", "/pallets?of=7", "200", "0.19", "2400", "00000000000000000000000000000001",
			"10.9.0.4:80", "0.186", "docks",
		},
		{
			"2026-11-20T08:07:11Z", "198.51.100.4", "GET", "/pallets", "504", "30.004", "1183", "00000000000000000000000000000002",
			"10.9.0.4:80", "30.000", "docks",
		},
		{
			"2026-11-20T09:40:59Z", "198.51.100.5", "POST", "/labels", "502", "1.5", "1183", "00000000000000000000000000000003", "10.9.0.5:80",
			"1.496", "docks",
		},
		{
			"2026-11-25T23:00:00Z", "198.51.100.5", "GET", "/labels", "200", "12", "1202400", "00000000000000000000000000000004",
			"10.9.0.5:80", "11.999", "docks",
		},
	},
}

// Sheet is the log as CSV, with every cell as change makes it.
func Sheet(comma rune, change func(name, cell string) string) string {
	var out strings.Builder
	w := csv.NewWriter(&out)
	w.Comma = comma
	w.Write(Warehouse.Heading)
	for _, row := range Warehouse.Rows {
		cells := slices.Clone(row)
		for i := range cells {
			cells[i] = change(Warehouse.Heading[i], cells[i])
		}
		w.Write(cells)
	}
	w.Flush()
	return out.String()
}

// AsIs changes no cell of a sheet.
func AsIs(_, cell string) string { return cell }

// Times writes the time of a row in another form, and decimals with a comma where there are some.
func Times(form func(time.Time) string, decimalComma bool) func(name, cell string) string {
	return func(name, cell string) string {
		switch at, err := time.Parse(time.RFC3339, cell); {
		case err == nil:
			return form(at)
		case decimalComma && (name == "TimeTaken" || name == "ServerResponseLatency"):
			return strings.Replace(cell, ".", ",", 1)
		}
		return cell
	}
}

// LayoutTime writes a time in a layout of package time.
func LayoutTime(layout string) func(time.Time) string {
	return func(at time.Time) string { return at.Format(layout) }
}

func Quoted(s string) string {
	b, _ := json.Marshal(s)
	return string(b)
}

// Each wraps every record and joins them.
func Each(between string, wrap func(i int, record string) string) string {
	var all []string
	for i, record := range Blobs() {
		all = append(all, wrap(i, record))
	}
	return strings.Join(all, between)
}

// WorkbookOf is the warehouse's log as a workbook: a title, numbers as numbers, times as Excel has them.
func WorkbookOf(t *testing.T, before int) []byte {
	t.Helper()
	f := excelize.NewFile()
	defer f.Close()
	put := func(column, row int, v any) {
		cell, err := excelize.CoordinatesToCellName(column, row)
		if err == nil {
			err = f.SetCellValue("Sheet1", cell, v)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for i := range before {
		put(1, i+1, "Access log of the warehouse")
	}
	for i, name := range Warehouse.Heading {
		put(i+1, before+1, name)
		for k, row := range Warehouse.Rows {
			var v any = row[i]
			if at, err := time.Parse(time.RFC3339, row[i]); err == nil {
				v = at
			} else if n, err := strconv.ParseFloat(row[i], 64); err == nil && name != "TransactionId" {
				v = n
			}
			put(i+1, before+2+k, v)
		}
	}
	if _, err := f.NewSheet("Notes"); err != nil {
		t.Fatal(err)
	}
	if err := f.SetCellValue("Notes", "A1", "nothing of interest"); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := f.Write(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// CaptureOf is the log as Event Hubs Capture writes it, with blocks compressed by codec.
func CaptureOf(t *testing.T, codec ocf.CodecName) []byte {
	t.Helper()
	var out bytes.Buffer
	e, err := ocf.NewEncoder(captureSchema, &out, ocf.WithCodec(codec), ocf.WithBlockLength(2))
	if err != nil {
		t.Fatal(err)
	}
	for i, record := range Blobs() {
		body := []byte(`{"records":[` + record + `]}`)
		if err := e.Encode(map[string]any{"SequenceNumber": int64(i), "Body": body}); err != nil {
			t.Fatal(err)
		}
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// Blobs are the rows as a storage account has them.
func Blobs() (out []string) {
	for _, row := range Warehouse.Rows {
		out = append(out,
			fmt.Sprintf(`{"timeStamp":%q,"category":"ApplicationGatewayAccessLog","operationName":"ApplicationGatewayAccess","backendPoolName":"docks","properties":{"instanceId":"appgw_1","clientIP":%q,"httpMethod":%q,"requestUri":%q,"httpStatus":%s,"timeTaken":%s,"transactionId":%q,"serverRouted":%q}}`,
				row[0], row[1], row[2], row[3], row[4], row[5], row[7], row[8]))
	}
	return out
}

// captureSchema is the part of that of Event Hubs Capture that matters here.
const captureSchema = `{"type":"record","name":"EventData","fields":[{"name":"SequenceNumber","type":"long"},{"name":"Body","type":["null","bytes"]}]}`
