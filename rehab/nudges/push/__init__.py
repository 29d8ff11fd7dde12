"""Messages on a phone (W3C Push API): what they are, and the way to them."""
