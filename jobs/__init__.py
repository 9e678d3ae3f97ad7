"""Work outside a request: the composition root, RQ as a doorbell, the ticker, mails and papers."""
