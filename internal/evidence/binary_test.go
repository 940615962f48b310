package evidence

import (
	"bytes"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/hamba/avro/v2/ocf"
	"github.com/parquet-go/parquet-go"
	"github.com/xuri/excelize/v2"
)

// workbookOf is the warehouse's log as a workbook: a title, numbers as numbers, times as Excel has them.
func workbookOf(t *testing.T, before int) []byte {
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
	for i, name := range warehouse.heading {
		put(i+1, before+1, name)
		for k, row := range warehouse.rows {
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

// The first sheet of a workbook is read as it is stored, also inside an archive.
func TestWorkbooks(t *testing.T) {
	same(t, "log.xlsx", string(workbookOf(t, 0)))
	same(t, "log.xlsx", string(workbookOf(t, 3)))
	same(t, "log.zip", string(zipped(t, map[string][]byte{"log.xlsx": workbookOf(t, 0)})))
	b := open(t, write(t, t.TempDir(), "cut.xlsx", string(workbookOf(t, 0)[:3000])))
	if told(t, b); len(b.Unread) == 0 {
		t.Error("half a workbook is read without a word")
	}
}

// captureSchema is the part of that of Event Hubs Capture that matters here.
const captureSchema = `{"type":"record","name":"EventData","fields":[{"name":"SequenceNumber","type":"long"},{"name":"Body","type":["null","bytes"]}]}`

func captureOf(t *testing.T, codec ocf.CodecName) []byte {
	t.Helper()
	var out bytes.Buffer
	e, err := ocf.NewEncoder(captureSchema, &out, ocf.WithCodec(codec), ocf.WithBlockLength(2))
	if err != nil {
		t.Fatal(err)
	}
	for i, record := range blobs() {
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

// Event Hubs Capture writes Avro, whatever its blocks are packed with.
func TestAvro(t *testing.T) {
	for _, codec := range []ocf.CodecName{ocf.Null, ocf.Deflate, ocf.Snappy, ocf.ZStandard} {
		same(t, "capture.avro", string(captureOf(t, codec)))
	}
	same(t, "capture.avro.gz", string(gzipped(t, captureOf(t, ocf.Null))))
}

// Avro that is cut off or damaged costs a message, whatever size it claims.
func TestDamagedAvro(t *testing.T) {
	whole := captureOf(t, ocf.Null)
	huge := append(bytes.Clone(whole[:bytes.Index(whole, []byte("ApplicationGateway"))-200]), 0x02, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f)
	for _, data := range [][]byte{whole[:len(whole)-30], whole[:60], huge} {
		b := open(t, write(t, t.TempDir(), "a.avro", string(data)))
		if told(t, b); len(b.Unread) == 0 {
			t.Errorf("%d bytes are read without a word", len(data))
		}
	}
}

// stored is a row of a table that was exported to Parquet.
type stored struct {
	TimeGenerated   time.Time `parquet:"TimeGenerated,timestamp(microsecond)"`
	ClientIp        string
	HttpMethod      string
	RequestUri      string
	HttpStatus      int32
	TimeTaken       float64
	TransactionId   string
	ServerRouted    *string
	BackendPoolName string
}

// Tables of a workspace that were exported to Parquet are read.
func TestParquet(t *testing.T) {
	var out bytes.Buffer
	w := parquet.NewGenericWriter[stored](&out)
	for _, row := range warehouse.rows {
		at, _ := time.Parse(time.RFC3339, row[0])
		status, _ := strconv.Atoi(row[4])
		taken, _ := strconv.ParseFloat(row[5], 64)
		if _, err := w.Write([]stored{{at, row[1], row[2], row[3], int32(status), taken, row[7], &row[8], row[10]}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	same(t, "table.parquet", out.String())
	same(t, "table.zip", string(zipped(t, map[string][]byte{"table.parquet": out.Bytes()})))
	for _, data := range []string{out.String()[:out.Len()-9], "PAR1" + strings.Repeat("\xff", 300) + "\xff\xff\xff\x7fPAR1"} {
		b := open(t, write(t, t.TempDir(), "a.parquet", data))
		if told(t, b); len(b.Unread) == 0 {
			t.Errorf("%d damaged bytes are read without a word", len(data))
		}
	}
}
