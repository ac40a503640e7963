using Cinegrain.Model.Catalogue;

namespace Cinegrain.Model.Tests.Catalogue;

public sealed class TitleKeyTests
{
    [Theory]
    [InlineData("Toy Story (1995)", "toy story")]
    [InlineData("Toy Story 2 (1999)", "toy story")]
    [InlineData("Godfather: Part II, The (1974)", "godfather")]
    [InlineData("The Godfather Part III", "godfather")]
    [InlineData("Lord of the Rings: The Two Towers, The (2002)", "lord of the rings")]
    [InlineData("Star Wars: Episode V - The Empire Strikes Back (1980)", "star wars")]
    [InlineData("Rocky IV", "rocky")]
    [InlineData("A Fish Called Wanda", "fish called wanda")]
    [InlineData("300 (2007)", "300")]
    [InlineData("12 Angry Men", "12 angry men")]
    [InlineData("(2001)", "")]
    [InlineData(": nothing before", ": nothing before")]
    [InlineData("", "")]
    public void Of_ATitle_IsWhatItsSeriesShares(string title, string key) => Assert.Equal(key, TitleKey.Of(title));
}
