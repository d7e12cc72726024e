"""The currencies known from the start: ISO 4217 (2026), and bitcoin.

Left out are the codes that have no minor unit in the standard (metals, test codes and units of account such
as XAU, XTS and XDR): an amount of them has no number of decimals. The operator may add them with one.
"""

from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True

# Decimals -> codes, frozen here: what a later edition of the standard adds comes with a later migration.
CODES_BY_EXPONENT = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    2: (
        "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF "
        "CHE CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD "
        "GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL "
        "MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR "
        "PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP "
        "TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW ZWG"
    ),
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
    8: "BTC",
}


async def upgrade(db: BaseDBAsyncClient) -> str:
    rows = ", ".join(
        f"('{code}', {exponent})" for exponent, codes in CODES_BY_EXPONENT.items() for code in codes.split()
    )
    return f"""
        INSERT INTO currencies (code, exponent) VALUES {rows};
        UPDATE currencies SET rate = 1, rate_updated_at = now() WHERE code = 'USD';
    """


async def downgrade(db: BaseDBAsyncClient) -> str:
    return """
        DELETE FROM currencies;
    """
