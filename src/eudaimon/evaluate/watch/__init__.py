"""A monitor inside attacks: does it still tell harm, and how soon, while somebody brings the persona back?

In: a ground, a monitor with thresholds from questions that nobody attacks. Out: rows on every exchange beside
the ground's own, and from them AUROC, rates at the threshold and the tokens that were out before the flag. A
harmful answer under attack is compared with a harmless one under the attack's control, which has its form:
what tells an attack's form alone gains nothing here.
"""
