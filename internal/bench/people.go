package bench

import (
	"bytes"
	"fmt"
	"io"
	"time"
)

// Person names the i-th made-up giver and taker of a subject.
type Person int

// Giver is the login of the account that gives.
func (p Person) Giver() string { return fmt.Sprintf("giver%d@bench.example.com", p) }

// Taker is the login of the account that takes.
func (p Person) Taker() string { return fmt.Sprintf("taker%d@bench.example.com", p) }

// TakerDigits are the last four digits of the taker's phone (T1).
func (p Person) TakerDigits() string { return p.phone("137")[7:] }

// Domain is that of the giver's website.
func (p Person) Domain() string { return fmt.Sprintf("notes%d.example.com", p) }

func (p Person) phone(prefix string) string { return fmt.Sprintf("%s%08d", prefix, p) }

// facts are the lines of one person: both accounts, and a subject with a website
// and two records.
func (p Person) facts() string {
	citizen := p.citizen()
	return fmt.Sprintf(`{"type":"account","external_id":"G%[1]d","site":"china","status":"active","login_email":%[2]q,"security_phone":%[3]q}
{"type":"account","external_id":"T%[1]d","site":"china","status":"active","login_email":%[4]q,"security_phone":%[5]q}
{"type":"subject","external_id":"S%[1]d","account":"G%[1]d","nature":"individual","name":"李小明","certificate":{"type":"id_card","number":%[6]q},"icp_number":"京ICP备%08[1]d号","principal":{"name":"李小明","phone":%[7]q}}
{"type":"website","external_id":"W%[1]d","subject":"S%[1]d","name":"读书笔记","domain":%[8]q,"suffix":1}
{"type":"record","external_id":"D%[1]d","subject":"S%[1]d","kind":"document","title":"身份证正面"}
{"type":"record","external_id":"R%[1]d","subject":"S%[1]d","kind":"review","title":"首次备案审核记录"}
`, int(p), p.Giver(), p.phone("139"), p.Taker(), p.phone("137"), citizen, p.phone("136"), p.Domain())
}

// citizen is a valid ID number (GB 11643) of a made-up series.
func (p Person) citizen() string {
	born := time.Date(1950, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, int(p)/999)
	text := "110105" + born.Format("20060102") + fmt.Sprintf("%03d", int(p)%999+1)
	sum := 0
	for at, weight := range []int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2} {
		sum += int(text[at]-'0') * weight
	}
	return text + string("10X98765432"[sum%11])
}

// People reads as the facts of a span of persons, one JSON object a line.
func People(span Span) io.Reader {
	return &people{next: Person(span.From), end: Person(span.From + span.Count)}
}

type people struct {
	next, end Person
	left      bytes.Buffer
}

// Read makes a person up whenever the last one's lines are used up.
func (p *people) Read(into []byte) (int, error) {
	if p.left.Len() == 0 {
		if p.next == p.end {
			return 0, io.EOF
		}
		p.left.WriteString(p.next.facts())
		p.next++
	}
	return p.left.Read(into)
}
