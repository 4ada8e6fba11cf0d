package filing_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"beian/internal/filing"
)

func TestF1_a_tail_is_six_characters_however_they_are_typed(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]string{"07721x": "07721X", " ０７７ ２１３ ": "077213", "K7T27X": "K7T27X", "23456号": "23456号"} {
		got, err := filing.ParseCertificateTail(typed)
		if err != nil || got.Reveal() != want {
			t.Errorf("%q gives %q, %v", typed, got.Reveal(), err)
		}
		if said := fmt.Sprintf("%v %#v %s", got, got, got); strings.Contains(said, want) {
			t.Errorf("it prints as %s", said)
		}
	}
	for typed, reason := range map[string]string{"": filing.ReasonEmpty, "12345": filing.ReasonTail, "1234567": filing.ReasonTail,
		"12345!": filing.ReasonTail, "110101199003077213": filing.ReasonTail} {
		_, err := filing.ParseCertificateTail(typed)
		var refused *filing.FormatError
		if !errors.As(err, &refused) || refused.Code != filing.CodeCertificate || refused.Reason != reason {
			t.Errorf("%q is refused with %v", typed, err)
		}
	}
}

func TestF1_a_certificate_ends_in_its_tail_only(t *testing.T) {
	t.Parallel()
	c, err := filing.ParseCertificate(filing.CertificateIDCard, "110101199003077213")
	if err != nil {
		t.Fatal(err)
	}
	for typed, want := range map[string]bool{"077213": true, "077214": false, "110101": false} {
		tail, err := filing.ParseCertificateTail(typed)
		if err != nil || c.EndsIn(tail) != want {
			t.Errorf("%s: %v, %v", typed, !want, err)
		}
	}
	if c.EndsIn(filing.CertificateTail{}) || (filing.Certificate{}).EndsIn(filing.CertificateTail{}) {
		t.Error("an absent tail ends a number")
	}
}

func FuzzParseCertificateTail(f *testing.F) {
	f.Add("07721x")
	f.Add("０７７２１３")
	fuzzParse(f, filing.ParseCertificateTail, filing.CertificateTail.Reveal)
}
