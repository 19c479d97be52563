"""Sign-ins, and the fraud among them: who, how, how it is detected, and when it is confirmed."""
