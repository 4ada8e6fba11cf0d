package tasks

import (
	"context"
	"time"
)

// Budget bounds what the SMS provider is asked to carry, so that nobody can run up
// a bill or get all of us blocked (trust 4.2, 4.8). Codes and notices have their
// own: whoever pumps codes must not silence the warnings of A8.
type Budget struct {
	PhoneCodes, PhoneNotices []Limit // for one phone
	Codes, Notices           []Limit // over all of them
}

// PhoneBudget is what Aliyun and Tencent Cloud carry to one phone, with room for
// other senders: codes 5 an hour and 10 a day, all together 40 a day (trust 4.2).
func PhoneBudget() Budget {
	return Budget{
		PhoneCodes:   []Limit{{Name: "sms_phone_codes_hour", Burst: 5, Period: time.Hour}, {Name: "sms_phone_codes_day", Burst: 10, Period: 24 * time.Hour}},
		PhoneNotices: []Limit{{Name: "sms_phone_notices_day", Burst: 30, Period: 24 * time.Hour}},
	}
}

// spend takes what one SMS costs, once for all its tries; *TooMany when nothing is
// left.
func (b Budget) spend(ctx context.Context, tx Tx, n Notice) error {
	if n.Channel != ChannelSMS || n.Reason != "" && n.Reason != reason(overBudget(n, &TooMany{})) {
		return nil
	}
	perPhone, all := b.PhoneNotices, b.Notices
	if n.CodeID != "" {
		perPhone, all = b.PhoneCodes, b.Codes
	}
	for _, spending := range []struct {
		key    string
		limits []Limit
	}{{n.Phone.Reveal(), perPhone}, {"all", all}} {
		if len(spending.limits) == 0 {
			continue
		}
		if err := tx.TakeEach(ctx, spending.key, spending.limits...); err != nil {
			return err
		}
	}
	return nil
}

// overBudget keeps a message for later: not before a token is back, and seldom
// enough that a long queue lasts its whole life.
func overBudget(n Notice, spent *TooMany) error {
	return &SendError{Class: SendThrottled, Code: codeBudget, After: max(spent.After, n.life()/maxDeliveries)}
}
